import { useSignal } from "@preact/signals";
import { attempt, Button, formatClock, formatMoment } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { LIMITS } from "../../../../shared/limits.ts";
import { sendComment } from "../../live/api.ts";
import { isAsking, me, myName } from "../../live/identity.ts";
import type { RunModel } from "../../live/run.ts";

/** Pixels from the end within which somebody reads the newest, and is kept there. */
const NEAR_END_PX = 40;

export function PeoplePart({ model }: { readonly model: RunModel }): JSX.Element {
  return (
    <div class="people">
      <Watchers model={model} />
      <Comments model={model} />
    </div>
  );
}

function Watchers({ model }: { readonly model: RunModel }): JSX.Element {
  const { watchers, fault } = model.people;
  return (
    <section class="panel" aria-label="Watching">
      <h2>
        Watching <span class="panel-count">{watchers.value.length}</span>
      </h2>
      {fault.value !== undefined && <p class="form-fault">{fault.value}</p>}
      <ul class="watchers" aria-label="Who is watching">
        {watchers.value.map(({ member, name, isMe }) => (
          <li key={member} class={isMe ? "watcher watcher-me" : "watcher"}>
            <i class="watcher-mark" aria-hidden="true">
              {name.slice(0, 1).toUpperCase()}
            </i>
            {name}
            {isMe && <span class="quiet"> (you)</span>}
          </li>
        ))}
      </ul>
      {myName.value === "" && (
        <button class="link" type="button" onClick={() => (isAsking.value = true)}>
          Say who you are
        </button>
      )}
    </section>
  );
}

function Comments({ model }: { readonly model: RunModel }): JSX.Element {
  const all = model.people.comments.value;
  const text = useSignal("");
  const isBusy = useSignal(false);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const element = list.current;
    if (element === null) return;
    const last = element.lastElementChild?.clientHeight ?? 0;
    const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX + last;
    if (isNear) element.scrollTop = element.scrollHeight;
  }, [all.length]);
  const send = async (): Promise<void> => {
    if (text.value.trim() === "") return;
    isBusy.value = true;
    if (await attempt(async () => sendComment(model.id, me(), text.value))) text.value = "";
    isBusy.value = false;
  };
  return (
    <section class="panel" aria-label="Comments">
      <h2>
        Comments <span class="panel-count">{all.length}</span>
      </h2>
      <ol class="comments" ref={list} aria-label="Comments" aria-live="polite">
        {all.map(({ by, text: said, time, cursor }) => (
          <li key={cursor} class="comment">
            <p class="comment-head">
              <b>{by}</b>{" "}
              <time dateTime={time} title={formatMoment(time)}>
                {formatClock(time)}
              </time>
            </p>
            <p class="comment-text">{said}</p>
          </li>
        ))}
      </ol>
      <form
        class="comment-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy.value) void send();
        }}
      >
        <textarea
          class="input"
          aria-label="Comment"
          placeholder={all.length === 0 ? "Say something to all who watch" : "Comment"}
          rows={2}
          maxLength={LIMITS.maxCommentChars}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            if (!isBusy.value) void send();
          }}
        />
        <Button type="submit" isBusy={isBusy.value} isDisabled={text.value.trim() === ""}>
          Send
        </Button>
      </form>
    </section>
  );
}
