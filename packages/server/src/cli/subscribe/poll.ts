import type { MultiPage, Page } from "@tidings/protocol";
import { ask, readJson } from "../api.ts";
import { pause } from "../pause.ts";
import { pathFor, type Source, type SourceFrame, type SourceRequest, type Start } from "./source.ts";

/** Between two short polls that found nothing new. */
const POLL_MS = 1_000;
/** For how long the server may hold a long poll, in seconds. */
const WAIT_S = 25;

/** Short polls: a page, and once caught up another one every second. Nothing new costs the server no body (304). */
export const pollSource: Source = (request) => poll(request, undefined);

/** Long polls: each is held until there is something, once caught up. The first tells at once where we stand. */
export const longPollSource: Source = (request) => poll(request, String(WAIT_S));

async function* poll(request: SourceRequest, wait: string | undefined): AsyncGenerator<SourceFrame> {
  // A poll that says nothing begins with the oldest message, and not where a stream does.
  const starts = new Map<string, Start>(
    Array.from(request.starts, ([channel, start]) => [channel, "at" in start ? { since: "latest" } : start]),
  );
  let path = "";
  let tag: string | undefined;
  let isCaughtUp = false;
  for (;;) {
    const nextPath = pathFor({ ...request, starts }, isCaughtUp && wait !== undefined ? { wait } : {});
    if (nextPath !== path) tag = undefined;
    path = nextPath;
    const headers = tag === undefined ? {} : { "if-none-match": tag };
    const response = await ask(request.server, path, {
      signal: request.signal,
      headers: { accept: "application/json", ...headers },
    });
    if (response.status === 304) {
      await response.body?.cancel();
      yield { type: "alive" };
    } else {
      tag = response.headers.get("etag") ?? undefined;
      const page = await readJson<Page | MultiPage>(request.server, response);
      const cursors = cursorsOf(page, starts);
      yield* framesOf(page, cursors);
      for (const [channel, since] of Object.entries(cursors)) starts.set(channel, { since });
      isCaughtUp = page.caughtUp;
      if (!isCaughtUp) continue;
    }
    if (wait === undefined) await pause(POLL_MS, request.signal);
  }
}

function* framesOf(
  page: Page | MultiPage,
  cursors: Readonly<Record<string, string>>,
): Generator<SourceFrame> {
  const [only = ""] = Object.keys(cursors);
  const gaps =
    "cursors" in page
      ? (page.gaps ?? [])
      : page.gap === undefined
        ? []
        : [{ ...page.gap, type: "gap" as const, channel: only }];
  yield* gaps;
  yield* page.messages;
  yield { type: "position", cursors };
  if (!page.caughtUp) return;
  for (const [channel, cursor] of Object.entries(cursors)) yield { type: "caught-up", channel, cursor };
}

function cursorsOf(
  page: Page | MultiPage,
  starts: SourceRequest["starts"],
): Readonly<Record<string, string>> {
  if ("cursors" in page) return page.cursors;
  const [only = ""] = starts.keys();
  return { [only]: page.cursor };
}
