import type { StreamFrame } from "@tidings/protocol";
import { createChoice, type Path } from "./choice.ts";
import type { Context } from "./context.ts";
import { type Line, lineOf, type Way } from "./line.ts";
import type { LinkUser } from "./link.ts";
import type { Transport, Wanted } from "./transport.ts";

/** A connection that another one took over from stays so long, and until what was asked over it is answered: members are not seen to go, in milliseconds. */
const LINGER_MS = 1_000;
/** A better one has so many times `greetingMs` to carry every channel. */
const CANDIDATE_GREETINGS = 3;

/**
 * Whichever transport is the best, changed for a better one as there is one: that is opened beside the live one, and takes its place
 * once it carries everything.
 *
 * @param transports those that may be used, the simplest first
 */
export const roam = (
  context: Context,
  user: Pick<LinkUser, "wanted" | "begin">,
  transports: readonly Transport[],
): Way => {
  const tuning = { ...context.tuning };
  const { greetingMs } = tuning;
  const choice = createChoice(transports, context.options, tuning);
  /** The one that is listened to, or was. */
  let path: Path;
  let current: Line;
  let isLive = false;
  let holds = 0;
  let lookUp = (): void => {};
  return {
    get name() {
      return path.transport.name;
    },
    get isShared() {
      return path.transport.isShared;
    },
    get isDuplex() {
      return !!((isLive && current.owed?.()) || choice.duplexMs());
    },
    forget: choice.forget,
    sent() {
      choice.sent();
      lookUp();
    },
    held(count) {
      holds = count;
      choice.held(count);
      if (isLive) current.hold?.();
      lookUp();
    },
    open(_context, channels, tell, ended, live, settle) {
      /** One that may take its place, and what came of it; and one whose place was taken. */
      let candidate: Line | undefined;
      let held: StreamFrame[] = [];
      let old: Line | undefined;
      /** Until there may be a better one, or the candidate has had its time. */
      let timer: ReturnType<typeof setTimeout> | undefined;
      let linger: ReturnType<typeof setTimeout> | undefined;

      const drop = (): void => {
        candidate = candidate?.close() as undefined;
      };
      const close = (): void => {
        isLive = false;
        clearTimeout(timer);
        clearTimeout(linger);
        drop();
        current.close();
        old?.close();
      };
      const begin = (to: Path, wanted: ReadonlyMap<string, Wanted>): Line => {
        const atMs = Date.now();
        const line = lineOf(to.transport).open(
          { ...context, tuning, holds: () => holds },
          wanted,
          (frame) => {
            if (line === current) tell(frame);
            // An ephemeral one is kept for nobody, and the live connection brings it.
            else if (line === candidate && (frame.type !== "message" || frame.cursor)) held.push(frame);
          },
          (error, isNext = !isLive && choice.failed(to, error)) => {
            if (line === candidate) return fail(to);
            if (line !== current) return;
            if (isLive && !isNext) choice.ended(to, Date.now() - atMs, error.retryAfterMs !== undefined);
            close();
            ended(error, isNext);
          },
          () => {
            isLive = true;
            path = to;
            choice.opened(to);
            if (line === candidate) {
              old?.close();
              old = current;
              clearTimeout(linger);
              linger = setTimeout(leave, LINGER_MS);
              current = line;
              candidate = undefined;
              user.begin();
              for (const frame of held) tell(frame);
            }
            // What it had to say may have been a reason to close it.
            if (!isLive) return;
            live(line);
            lookUp();
          },
        );
        return line;
      };
      const leave = (): void => {
        if (old?.owed?.()) linger = setTimeout(leave, LINGER_MS);
        else old?.close();
      };
      /** The candidate does not come through. */
      const fail = (to: Path): void => {
        drop();
        choice.block(to);
        lookUp();
      };

      /** Opens a better one beside the live one, now or when there may be one. */
      lookUp = () => {
        // Where nothing is read, and nothing asks for it any more, it is over.
        settle?.();
        if (!isLive) return;
        const better = choice.better(path);
        if (candidate && better) return;
        drop();
        clearTimeout(timer);
        // Until that may be tried, or nothing asks for a duplex one any more. What was asked over this one would be lost with it.
        const leftMs = Math.min(
          Math.max((better?.untilMs ?? Infinity) - Date.now(), current.owed?.() ? LINGER_MS : 0),
          choice.duplexMs() || Infinity,
        );
        if (leftMs <= 0) {
          held = [];
          candidate = begin(better as Path, user.wanted());
          if (greetingMs) timer = setTimeout(fail, greetingMs * CANDIDATE_GREETINGS, better as Path);
        } else if (leftMs < Infinity) timer = setTimeout(lookUp, leftMs);
      };
      path = choice.next();
      current = begin(path, channels);
      return {
        close,
        look: () => current.look(),
        change(changes) {
          // What it holds was asked for before: it is opened anew.
          drop();
          current.change(changes);
          lookUp();
        },
      };
    },
  };
};
