import { passingError } from "../errors.ts";
import type { Link } from "./link.ts";

/** Listens to what a page, or the device, tells of itself; Node.js tells nothing. */
export const watchPlatform = (link: Link): void => {
  const { document, navigator } = globalThis;
  const sleep = (): void => {
    link.drop();
    link.tell({
      name: "offline",
      reason: passingError("OFFLINE", "no network, or the page sleeps."),
    });
  };
  /** There is a network (again), perhaps another one; or the page runs again, which it is told twice. */
  const wake = (): void => {
    if (navigator?.onLine === false) sleep();
    else if (link.state.name === "offline") {
      link.use();
      link.tell({ name: "idle" });
      link.settle();
    }
  };
  const events: Readonly<Record<string, () => void>> = {
    online: wake,
    offline: wake,
    // The back-forward cache takes no page with an open connection; one that sleeps would only be cut.
    pagehide: sleep,
    pageshow: wake,
    freeze: sleep,
    resume: wake,
    visibilitychange: () => document.hidden || link.look(),
  };
  const each = (listen: "addEventListener" | "removeEventListener"): void => {
    // On their way to the document, where some of them happen.
    if (document) for (const name in events) globalThis[listen](name, events[name] as () => void, true);
  };
  each("addEventListener");
  link.onChange(() => link.state.name === "closed" && each("removeEventListener"));
  // Nobody listens yet whom it could be told.
  queueMicrotask(wake);
};
