import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Most of a test run's output that is read, in characters: a candidate may print for ever. */
const MAX_OUTPUT_LENGTH = 1_048_576;
/** A candidate that neither ends nor computes is ended after so long, in milliseconds. */
const MAX_RUN_MS = 60_000;
/** What a candidate's heap may grow to, in MiB: one that fills an array for ever ends soon. */
const MAX_HEAP_MB = 64;

export interface Files {
  readonly program: string;
  readonly tests: string;
}

/** What a test suite said. */
export interface TestRun {
  /** Names of tests. One that did not report, since the process ended before, is in neither. */
  readonly passed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
  /** Lines of the program that are in the stacks of errors. */
  readonly lines: readonly number[];
  /** It computed longer than its limit, or wrote without end, and was ended. */
  readonly hung: boolean;
}

/**
 * Runs a program's real `node --test` suite in a process of its own, which may read its folder and nothing else (no
 * writing, no processes): nobody has looked at the code before it runs.
 *
 * The limit is on the time it computes, and the system's own (`ulimit -t`): by the clock, a busy machine would end
 * candidates that an idle one lets finish, and the same seed would no longer give the same result.
 */
export async function runTests(
  directory: string,
  files: Files,
  cpuSeconds: number,
  signal: AbortSignal,
): Promise<TestRun> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "program.mjs"), files.program);
  writeFileSync(join(directory, "program.test.mjs"), files.tests);
  const command = [
    process.execPath,
    "--permission",
    `--allow-fs-read=${directory}`,
    `--max-old-space-size=${MAX_HEAP_MB}`,
    "--test-reporter=tap",
    // The test file itself, without `--test`: that would start a process of its own, which outlives a kill.
    join(directory, "program.test.mjs"),
  ];
  const child = spawn("/bin/sh", ["-c", `ulimit -t ${cpuSeconds} && exec "$@"`, "sh", ...command], {
    cwd: directory,
    env: {},
    stdio: ["ignore", "pipe", "ignore"],
    signal,
    killSignal: "SIGKILL",
  });
  let output = "";
  let hung = false;
  const end = (): void => {
    hung = true;
    child.kill("SIGKILL");
  };
  const timer = setTimeout(end, MAX_RUN_MS);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output.length + text.length <= MAX_OUTPUT_LENGTH) output += text;
    else end();
  });
  await new Promise<void>((resolve, reject) => {
    child.on("close", (_code, killedBy) => {
      // Over the limit it gets SIGXCPU or SIGKILL, by the system.
      if (killedBy === "SIGXCPU" || killedBy === "SIGKILL") hung = true;
      resolve();
    });
    child.on("error", (error) => (error.name === "AbortError" ? undefined : reject(error)));
  });
  clearTimeout(timer);
  return { ...readTap(output), hung };
}

/** Reads the Test Anything Protocol (version 13) as `node:test` writes it, of tests that are not nested. */
export function readTap(output: string): Omit<TestRun, "hung"> {
  const passed: string[] = [];
  const failed: { name: string; error: string }[] = [];
  const lines = new Set<number>();
  const text = output.split("\n");
  for (const [index, line] of text.entries()) {
    const [, not, name] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    if (name !== undefined && not === undefined) passed.push(name);
    else if (name !== undefined) failed.push({ name, error: errorAfter(text, index) });
    const [, at] = /program\.mjs:(\d+)/.exec(line) ?? [];
    if (at !== undefined) lines.add(Number(at));
  }
  return { passed, failed, lines: [...lines] };
}

/** The `error:` of the block under a failed test, on one line. */
function errorAfter(text: readonly string[], index: number): string {
  const block = text.slice(index + 1, text.indexOf("  ...", index));
  const from = block.findIndex((line) => line.startsWith("  error: "));
  if (from === -1) return "";
  const first = (block[from] ?? "").slice("  error: ".length);
  if (first !== "|-") return first.replaceAll(/^'|'$/g, "");
  const to = block.findIndex((line, at) => at > from && /^ {2}\S/.test(line));
  return block
    .slice(from + 1, to === -1 ? undefined : to)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}
