import { type Signal, signal } from "@preact/signals";
import { parseRoute, type Route } from "../logic/route.ts";

/** Behind `#`: no server has to know of it, and it holds below any path. */
export const route: Signal<Route> = signal(parseRoute(location.hash));

addEventListener("hashchange", () => {
  const before = route.peek();
  const next = parseRoute(location.hash);
  route.value = next;
  // As after any navigation: from the top, and the keyboard in the content.
  if (JSON.stringify(before) === JSON.stringify(next)) return;
  const main = document.querySelector<HTMLElement>("main");
  main?.scrollTo(0, 0);
  main?.focus({ preventScroll: true });
});

/** Replaces the query, which so can be sent to somebody, without going anywhere. */
export function rememberQuery(path: string, query: Readonly<Record<string, string>>): void {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const text = new URLSearchParams(given).toString();
  history.replaceState(history.state, "", `${path}${text === "" ? "" : `?${text}`}`);
}
