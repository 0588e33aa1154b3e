import type { StreamFrame } from "@tidings/protocol";
import type { Feeds } from "../core/feeds.ts";
import type { Link } from "../core/link.ts";
import type { Wanted } from "../core/transport.ts";
import type { Off } from "../types.ts";
import { whenFree } from "./locks.ts";
import type { TabMessage } from "./messages.ts";

/** Reads for the tabs that follow: each of their channels is one more reader here. */
export function lead(name: string, signal: AbortSignal, link: Link, feeds: Feeds): void {
  const bus = new BroadcastChannel(name);
  const tabs = new Map<string, Map<string, Off>>();
  /** What this turn brings, which goes as one message. */
  let turn: [tabs: string[], frame: StreamFrame][] = [];
  const post = (message: TabMessage): void => bus.postMessage(message);

  const send = (tab: string, frame: StreamFrame): void => {
    if (turn.length === 0) {
      queueMicrotask(() => {
        if (!signal.aborted) post({ type: "frames", frames: turn });
        turn = [];
      });
    }
    const last = turn.at(-1);
    // What several read is said once: each tab hears everything.
    if (last?.[1] === frame) last[0].push(tab);
    else turn.push([[tab], frame]);
  };

  const read = (tab: string, channel: string, { since, last, events, presence }: Wanted): Off => {
    let isDue = true;
    const answer = (frame: StreamFrame): void => {
      isDue = false;
      send(tab, frame);
    };
    const reader = feeds.read(
      channel,
      events,
      { since, last },
      {
        begun: (cursor) => answer({ type: "ok", channel, cursor }),
        write: (item) => send(tab, item as StreamFrame),
        end(error) {
          if (!error) return;
          const { code, message, retryable } = error;
          answer({ type: "error", channel, code, message, retryable });
        },
      },
    );
    const unlisten = presence && feeds.presence(channel, (frame) => send(tab, frame));
    return () => {
      // One answer for each that is asked for, also where it never began.
      if (isDue) answer({ type: "ok", channel });
      if (unlisten) unlisten();
      reader.stop();
    };
  };

  const forget = (tab: string): void => {
    for (const off of tabs.get(tab)?.values() ?? []) off();
    tabs.delete(tab);
  };

  bus.onmessage = ({ data: said }: MessageEvent<TabMessage>) => {
    if (said.type === "hello") {
      const { tab } = said;
      const { state } = link;
      if (!tabs.has(tab)) {
        tabs.set(tab, new Map());
        whenFree(name + tab, signal, () => forget(tab));
      }
      post({ type: "welcome", tab, transport: "transport" in state ? state.transport : undefined });
    } else if (said.type === "change") {
      const readers = tabs.get(said.tab);
      for (const [channel, wanted] of said.changes) {
        readers?.get(channel)?.();
        readers?.delete(channel);
        if (wanted) readers?.set(channel, read(said.tab, channel, wanted));
      }
    }
  };

  let wasLive = false;
  const unwatch = link.onChange(() => {
    const isLive = link.connection !== undefined;
    if (wasLive && !isLive) post({ type: "lost" });
    wasLive = isLive;
  });
  signal.addEventListener("abort", () => {
    unwatch();
    for (const tab of tabs.keys()) forget(tab);
    post({ type: "lost" });
    bus.close();
  });
  // Those that followed another one come to this one.
  post({ type: "lost" });
}
