import { newName } from "../core/http.ts";
import type { Transport, Wanted } from "../core/transport.ts";
import { lostError } from "../errors.ts";
import type { TransportName } from "../types.ts";
import { hold } from "./locks.ts";
import type { TabMessage } from "./messages.ts";

/** The leader is asked at most so often whether it is there, in milliseconds. */
const MIN_ASK_MS = 1_000;
/** It may leave so many unanswered: what has come may wait behind the timer in a page that was busy itself. */
const MAX_MISSES = 2;

/** Reads by the connection that another tab holds. What the application asks goes by REST. */
export const tabTransport = (name: string): Transport => {
  let leading: TransportName = "sse";
  return {
    // To the application it is the one that the leader has, shared.
    get name() {
      return leading;
    },
    // Where much is sent it still comes first: it costs no connection.
    isDuplex: true,
    isShared: true,
    open({ tuning, holds }, channels, tell, ended) {
      const tab = newName();
      const bus = new BroadcastChannel(name);
      const over = new AbortController();
      const wanted = new Map(channels);
      let isGreeted: boolean | undefined;
      let misses = 0;
      let timer: ReturnType<typeof setInterval> | undefined;
      const post = (changes = new Map<string, Wanted | undefined>()): void =>
        bus.postMessage({ tab, changes: changes.set("", holds?.() ? {} : undefined) } satisfies TabMessage);
      const close = (): void => {
        clearInterval(timer);
        bus.close();
        // Lets the lock go, which tells the leader.
        over.abort();
      };
      const lose = (): void => {
        close();
        ended(lostError());
      };

      bus.onmessage = ({ data: { frames = [], transport } }: MessageEvent<TabMessage>) => {
        leading = transport ?? leading;
        for (const [frame, tabs = [tab]] of frames) {
          misses = 0;
          if (!tabs.includes(tab) || over.signal.aborted) continue;
          const isLost = frame.type === "draining";
          if (!isGreeted) {
            // It is another one that leads now, and has not heard the first.
            if (isLost) {
              post();
              continue;
            }
            isGreeted = true;
            post(wanted);
          }
          tell(frame);
          // Announced, so it is no cut of the path's.
          if (isLost) lose();
        }
      };
      hold(name + tab, over.signal, () => {
        post();
        // Timers of a hidden tab are too slow to tell silence by the time.
        timer = setInterval(
          () => (misses++ < MAX_MISSES ? post() : lose()),
          Math.max(MIN_ASK_MS, tuning.greetingMs),
        );
      });

      return {
        change(channel, now, isRead) {
          if (isGreeted) return post(new Map([[channel, now]]));
          // What was asked for before comes to nothing.
          if (isRead) tell({ type: "ok", channel });
          if (now) wanted.set(channel, now);
          else wanted.delete(channel);
        },
        hold: post,
        close,
      };
    },
  };
};
