import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

/** Files of a run's folder. */
export const FILES = {
  run: "run.json",
  log: "log.txt",
  events: "events.ndjson",
  exit: "exit.json",
  /** Whoever makes it has the run: its supervisor, or the server that declares it lost. */
  claim: "supervisor.json",
  /** What the supervisor itself has to complain about. */
  faults: "supervisor.log",
  /** The evaluation's own: `EVAL_RUN_DIR`, and where it runs. */
  work: "work",
} as const;

const RunFileSchema = v.strictObject({
  id: v.string(),
  command: v.pipe(v.array(v.string()), v.minLength(1)),
  parameters: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  limits: v.strictObject({ timeoutMs: v.number(), maxMemoryBytes: v.number(), maxLogBytes: v.number() }),
  /** Of the unix socket. Not in the folder: its path may have 107 bytes at most. */
  socket: v.string(),
});

/** `run.json`: what to run. Written by the server before the supervisor starts. */
export type RunFile = v.InferOutput<typeof RunFileSchema>;

export function readRunFile(folder: string): RunFile {
  return v.parse(RunFileSchema, JSON.parse(readFileSync(join(folder, FILES.run), "utf8")));
}

/** `supervisor.json`: by pid and start together a process is known again, though its pid may be another's by now. */
export interface Claim {
  readonly pid: number;
  /** See `startOf`; `null` where the server claimed the run as lost. */
  readonly start: string | null;
}
