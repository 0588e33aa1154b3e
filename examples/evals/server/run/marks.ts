import { channelOf, type RunChannel } from "../../shared/channels.ts";
import type { Evaluation } from "../../shared/evaluation.ts";
import type { Teller } from "./teller.ts";

const BY_EVENTS = ["status", "metric", "alert", "artifact", "debug"] as const satisfies readonly RunChannel[];

/**
 * How far each channel of a run has been told what is in its files, as the newest message of each says. What is at or
 * before its mark is not published again, so a kill between any two publishes repeats nothing and leaves nothing out.
 */
export interface Marks {
  /** Bytes of `events.ndjson`, by channel. */
  readonly events: Record<(typeof BY_EVENTS)[number], number>;
  /** Of `log.txt`: bytes, and lines. */
  readonly log: { position: number; lines: number };
  /** Of the search of the log for alerts: 32 for each line, and the number of the rule. */
  logMark: number;
  readonly alerts: Evaluation["alerts"];
}

export async function readMarks(teller: Teller, id: string): Promise<Marks> {
  const newest = async (name: RunChannel) => (await teller.newest(channelOf(id, name))) ?? {};
  const [status, metric, alert, artifact, debug, log] = await Promise.all([
    ...BY_EVENTS.map(newest),
    newest("log"),
  ]);
  const positionOf = (message: Readonly<Record<string, unknown>> | undefined): number =>
    Number(message?.["position"] ?? 0);
  const lines = Array.isArray(log?.["lines"]) ? log["lines"].length : Number(log?.["count"] ?? 0);
  return {
    events: {
      status: positionOf(status),
      metric: positionOf(metric),
      alert: positionOf(alert),
      artifact: positionOf(artifact),
      debug: positionOf(debug),
    },
    log: {
      position: positionOf(log),
      lines: log?.["from"] === undefined ? 0 : Number(log["from"]) + lines - 1,
    },
    logMark: Number(alert?.["logMark"] ?? 0),
    alerts: (alert?.["counts"] as Evaluation["alerts"] | undefined) ?? { info: 0, warning: 0, critical: 0 },
  };
}
