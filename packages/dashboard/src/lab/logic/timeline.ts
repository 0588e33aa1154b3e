import type { Change, FaultKind, Outage } from "./lab-code.ts";

/** A stretch of time in which something was so. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** What it is drawn as: a transport, or `away`. */
  readonly as: string;
  readonly code?: string;
}

/** Where a reader was, from its changes; those that take no time are left out. */
export function spansOf(history: readonly Change[], untilMs: number): readonly Span[] {
  const spans: Span[] = [];
  for (const [at, { atMs, state, transport, code }] of history.entries()) {
    const toMs = Math.min(untilMs, history[at + 1]?.atMs ?? untilMs);
    const as = state === "live" && transport !== null ? transport : "away";
    const before = spans.at(-1);
    if (before?.as === as)
      spans[spans.length - 1] = { ...before, toMs, ...(code === undefined ? {} : { code }) };
    else if (toMs > atMs) spans.push({ fromMs: atMs, toMs, as, ...(code === undefined ? {} : { code }) });
  }
  return spans;
}

/** When each kind of fault was thrown, whichever transport it befell. */
export function faultSpans(outages: readonly Outage[], kind: FaultKind, untilMs: number): readonly Span[] {
  const spans = outages
    .filter((outage) => outage.kind === kind)
    .map(({ onAtMs, offAtMs }) => ({ fromMs: onAtMs, toMs: offAtMs ?? untilMs, as: kind }))
    .toSorted((one, other) => one.fromMs - other.fromMs);
  const joined: Span[] = [];
  for (const span of spans) {
    const before = joined.at(-1);
    if (before === undefined || span.fromMs > before.toMs) joined.push(span);
    else joined[joined.length - 1] = { ...before, toMs: Math.max(before.toMs, span.toMs) };
  }
  return joined;
}
