import type { Off } from "../types.ts";

/** What a page, or the device, tells of itself. */
export interface PlatformEvents {
  /** There is a network (again), perhaps another one; or the page runs again. */
  readonly awake: () => void;
  /** There is no network, or nothing of the page runs for a while. */
  readonly asleep: (why: string) => void;
  /** The page is looked at again: timers may have been slow. */
  readonly visible: () => void;
}

/** Listens where there is a page; Node.js tells nothing. */
export function watchPlatform({ awake, asleep, visible }: PlatformEvents): Off {
  const offs: Off[] = [];
  const on = (target: EventTarget | undefined, names: string, listener: (event: Event) => void): void => {
    for (const name of names.split(" ")) {
      target?.addEventListener(name, listener);
      offs.push(() => target?.removeEventListener(name, listener));
    }
  };
  const doc = globalThis.document as Document | undefined;
  const page = doc && globalThis;
  const offline = (): void => asleep("the device has no network.");
  on(page, "online", awake);
  on(page, "offline", offline);
  // The back-forward cache takes no page with an open connection; one that sleeps would only be cut.
  on(page, "pagehide", () => asleep("the page sleeps."));
  on(doc, "freeze", () => asleep("the page sleeps."));
  on(doc, "resume", awake);
  on(page, "pageshow", (event) => (event as PageTransitionEvent).persisted && awake());
  on(doc, "visibilitychange", () => doc?.visibilityState === "visible" && visible());
  if (globalThis.navigator?.onLine === false) queueMicrotask(offline);
  return () => offs.forEach((off) => off());
}
