import type { Transport } from "../core/transport.ts";
import { lostError } from "../errors.ts";
import type { TransportName } from "../types.ts";
import { aborted, whenFree } from "./locks.ts";
import type { TabMessage } from "./messages.ts";

/** The leader is asked at most so often whether it is there, in milliseconds. */
const MIN_ASK_MS = 1_000;
/** It may leave so many unanswered: what has come may wait behind the timer in a page that was busy itself. */
const MAX_MISSES = 2;

/** Reads by the connection that another tab holds. What the application asks goes by REST. */
export function tabTransport(name: string): Transport {
  let leading: TransportName = "sse";
  return {
    // To the application it is the one that the leader has, shared.
    get name() {
      return leading;
    },
    // Where much is sent it still comes first: it costs no connection.
    isDuplex: true,
    isShared: true,
    open({ tuning }, channels, tell, ended) {
      const tab = crypto.randomUUID();
      const bus = new BroadcastChannel(name);
      const over = new AbortController();
      const wanted = new Map(channels);
      let isGreeted = false;
      let misses = 0;
      let timer: ReturnType<typeof setInterval> | undefined;
      const post = (message: TabMessage): void => bus.postMessage(message);
      const hello = (): void => post({ type: "hello", tab });
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

      bus.onmessage = ({ data: said }: MessageEvent<TabMessage>) => {
        if (said.type === "hello" || said.type === "change") return;
        misses = 0;
        if (said.type === "frames") {
          for (const [tabs, frame] of said.frames) if (tabs.includes(tab)) tell(frame);
        } else if (said.type === "lost") {
          // Before the greeting it is another one that leads now, and has not heard the first.
          if (!isGreeted) return hello();
          // Announced, so it is no cut of the path's.
          tell({ type: "draining", reconnectInMs: 0 });
          lose();
        } else if (said.tab === tab) {
          leading = said.transport ?? leading;
          if (isGreeted) return;
          isGreeted = true;
          // Timers of a hidden tab are too slow to tell silence by the time.
          tell({ type: "welcome", connection: "", heartbeatMs: 0, limits: {} });
          post({ type: "change", tab, changes: wanted });
        }
      };
      whenFree(name + tab, over.signal, () => {
        hello();
        timer = setInterval(
          () => (misses++ < MAX_MISSES ? hello() : lose()),
          Math.max(MIN_ASK_MS, tuning.greetingMs),
        );
        return aborted(over.signal);
      });

      return {
        change(channel, now, isRead) {
          if (isGreeted) return post({ type: "change", tab, changes: new Map([[channel, now]]) });
          // What was asked for before comes to nothing.
          if (isRead) tell({ type: "ok", channel });
          if (now) wanted.set(channel, now);
          else wanted.delete(channel);
        },
        close,
      };
    },
  };
}
