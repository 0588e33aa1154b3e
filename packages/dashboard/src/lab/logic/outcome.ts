import { formatMs } from "@tidings/ui/format";
import type { Outage } from "./lab-code.ts";

/** How the readers of one transport came through a fault. */
export interface Outcome {
  readonly tone: "good" | "warn" | "bad" | "busy";
  readonly text: string;
  readonly detail: string;
}

/** @param readers how many there are of the transport @param isOver whether nobody reads any more */
export function outcomeOf(
  { onAtMs, offAtMs, fromOn, fromOff }: Outage,
  readers: number,
  isOver = false,
): Outcome {
  const wentOnMs = fromOn.maxMs;
  // All had something new while it was still thrown.
  if (wentOnMs !== null && (offAtMs === null || wentOnMs < offAtMs - onAtMs))
    return {
      tone: "good",
      text: `went on in ${formatMs(wentOnMs)}`,
      detail: "While it was thrown: all readers had what was published after, so late at most.",
    };
  if (fromOff === null)
    return {
      tone: "bad",
      text: fromOn.back === 0 ? "nothing comes" : `${fromOn.back} of ${readers} get on`,
      detail: "It is thrown, and this transport has no way around it.",
    };
  if (fromOff.maxMs !== null)
    return {
      tone: "warn",
      text: `back in ${formatMs(fromOff.maxMs)}`,
      detail:
        "Since it was lifted: the last reader had something new so late. " +
        `Half of them had it in ${formatMs(fromOff.p50Ms ?? fromOff.maxMs)}.`,
    };
  if (isOver)
    return {
      tone: "bad",
      text: "not back when it ended",
      detail: "The run was over before the last reader had something new.",
    };
  return {
    tone: "busy",
    text: `coming back, ${fromOff.back} of ${readers}`,
    detail: "It is lifted; each waits for its next try, which comes later the longer it was away.",
  };
}

/** The newest of a kind. */
export function lastOf(outages: readonly Outage[], kind: Outage["kind"]): Outage | undefined {
  return outages.findLast((outage) => outage.kind === kind);
}
