import type { StreamFrame } from "@tidings/protocol";
import type { Feeds } from "../core/feeds.ts";
import type { Link } from "../core/link.ts";
import type { Wanted } from "../core/transport.ts";
import type { Off, TransportName } from "../types.ts";
import { hold } from "./locks.ts";
import type { TabMessage } from "./messages.ts";

/** Reads for the tabs that follow: each of their channels is one more reader here. */
export const lead = (name: string, signal: AbortSignal, link: Link, feeds: Feeds): void => {
  const bus = new BroadcastChannel(name);
  const tabs = new Map<string, Map<string, Off>>();
  /** What this turn brings, which goes as one message. */
  let turn: [frame: StreamFrame, tabs: string[]][] = [];
  const post = (frames: TabMessage["frames"]): void => {
    const state = link.state as { readonly transport?: TransportName };
    bus.postMessage({ frames, transport: state.transport } satisfies TabMessage);
  };
  const lost = (): void => post([[{ type: "draining", reconnectInMs: 0 }]]);

  const send = (tab: string, frame: StreamFrame): void => {
    const last = turn.at(-1);
    if (!last)
      queueMicrotask(() => {
        if (!signal.aborted) post(turn);
        turn = [];
      });
    // What several read is said once: each tab hears everything.
    if (last?.[0] === frame) last[1].push(tab);
    else turn.push([frame, [tab]]);
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

  bus.onmessage = ({ data: { tab, changes } }: MessageEvent<TabMessage>) => {
    // Of one that led before, the last.
    if (!tab) return;
    const readers = tabs.get(tab) ?? new Map<string, Off>();
    if (!tabs.has(tab)) {
      tabs.set(tab, readers);
      hold(name + tab, signal, () => forget(tab));
    }
    for (const [channel, wanted] of changes ?? []) {
      readers.get(channel)?.();
      readers.delete(channel);
      if (wanted) readers.set(channel, channel ? read(tab, channel, wanted) : link.hold());
    }
    send(tab, { type: "welcome", connection: "", heartbeatMs: 0, limits: {} });
  };

  let connection: Link["connection"];
  const unwatch = link.onChange(() => {
    if (connection && !link.connection) lost();
    connection = link.connection;
  });
  signal.addEventListener("abort", () => {
    unwatch();
    for (const tab of tabs.keys()) forget(tab);
    lost();
    bus.close();
  });
  // Those that followed another one come to this one.
  lost();
};
