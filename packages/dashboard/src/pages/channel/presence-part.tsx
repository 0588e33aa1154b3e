import { Age, formatCount } from "@tidings/ui";
import type { JSX } from "preact";
import { urlOf } from "../../live/api.ts";
import { useAnswer } from "../../live/use-answer.ts";

const SHOWN = 12;
const EVERY_MS = 4_000;

interface PresenceAnswer {
  readonly count: number;
  readonly members?: readonly { readonly member: string; readonly state?: unknown; readonly since: string }[];
}

/** Who is in the channel; nothing where nobody is, or its policy has no presence. */
export function PresencePart({ name }: { readonly name: string }): JSX.Element | null {
  const { value } = useAnswer<PresenceAnswer>(urlOf(`presence/${name}`), EVERY_MS).value;
  if (value === undefined || value.count === 0) return null;
  const members = value.members ?? [];
  return (
    <section class="panel answer" aria-labelledby="presence-title">
      <h2 id="presence-title">
        Present <span class="panel-count">{formatCount(value.count)}</span>
      </h2>
      <ul>
        {members.slice(0, SHOWN).map(({ member, state, since }) => (
          <li key={member} class="answer-row">
            <span class="clip">{member}</span>
            <span class="number quiet">
              <Age time={since} />
            </span>
            {state !== undefined && <span class="answer-note quiet mono clip">{JSON.stringify(state)}</span>}
          </li>
        ))}
      </ul>
      {members.length > SHOWN && <p class="quiet">and {formatCount(value.count - SHOWN)} more</p>}
    </section>
  );
}
