import { SseDecoder, type SseEvent } from "../src/sse-decoder.ts";

/** What a decoder reported, in order. */
export type Report =
  | { readonly event: SseEvent }
  | { readonly position: string }
  | { readonly retry: number }
  | { readonly comment: string };

/** All that a stream in these pieces brings; with `eventsOnly`, to a handler of events alone. */
export function reportsOf(
  pieces: readonly Uint8Array[],
  options: { readonly maxEventLength?: number; readonly eventsOnly?: boolean } = {},
): Report[] {
  const reports: Report[] = [];
  const others = {
    position: (position: string): unknown => reports.push({ position }),
    retry: (retry: number): unknown => reports.push({ retry }),
    comment: (comment: string): unknown => reports.push({ comment }),
  };
  const decoder = new SseDecoder(
    { event: (event) => reports.push({ event }), ...(options.eventsOnly === true ? {} : others) },
    options.maxEventLength,
  );
  for (const piece of pieces) decoder.push(piece);
  return reports;
}
