import type { Context } from "../core/context.ts";
import type { Feeds } from "../core/feeds.ts";
import type { Link } from "../core/link.ts";
import { roam } from "../core/roam.ts";
import type { Transport } from "../core/transport.ts";
import type { Off } from "../types.ts";
import { tabTransport } from "./follow.ts";
import { lead } from "./lead.ts";
import { hold } from "./locks.ts";

/** Whether tabs can share here: browsers with Web Locks (so pages of a secure context) and BroadcastChannel. */
export const canShare = (): boolean =>
  typeof document === "object" && typeof BroadcastChannel === "function" && !!navigator.locks;

/**
 * Tabs of one origin share one connection: the one that holds the lock leads, the others read by it. A tab that goes, however
 * that happens, lets its locks go, and that is how the others learn of it. Each tab has its own cursors, so whoever
 * leads next begins where it stands. A tab whose leader does not answer connects by itself for a while.
 */
export const share = (
  context: Context,
  /** Tabs of one origin that give the same one share. */
  name: string,
  link: Link,
  feeds: Feeds,
  transports: readonly Transport[],
): Off => {
  const alone = roam(context, feeds, transports);
  const together = roam(context, feeds, [tabTransport(name), ...transports]);
  let turn: AbortController | undefined;

  /** Follows whoever leads, and waits for its own turn to. */
  const begin = (): void => {
    const { signal } = (turn = new AbortController());
    link.use(together);
    hold(name, signal, () => {
      link.use(alone);
      lead(name, signal, link, feeds);
    });
  };
  const end = (): void => {
    turn?.abort();
    turn = undefined;
  };

  // A page that sleeps can hold nothing for others; and with a lock it would not be kept for a way back to it.
  const unwatch = link.onChange(() => {
    if (link.state.name === "offline") end();
    else if (!turn) begin();
  });
  begin();
  return () => {
    unwatch();
    end();
  };
};
