import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export interface Child extends AsyncDisposable {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  /** Lines of its standard output so far. */
  readonly lines: readonly string[];
  /** Waits for a line that begins so. */
  readonly line: (start: string) => Promise<string>;
  /** Waits for so many lines. */
  readonly heard: (count: number) => Promise<void>;
  /** Ends it with a signal; resolves once it is gone and all it wrote was read. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

/** What Node.js needs to be told to run TypeScript: nothing from 22.18 on. This process may have been told itself. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const TYPESCRIPT = major > 22 || minor >= 18 ? [] : ["--experimental-strip-types", "--no-warnings"];

/** Runs one of this folder's programs as a process of its own. */
export function startChild(program: string, args: readonly string[], wrapper: readonly string[] = []): Child {
  const script = fileURLToPath(new URL(program, import.meta.url));
  const [command, ...rest] = [...wrapper, process.execPath, ...TYPESCRIPT, script, ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  const closed = Promise.all([once(child, "close"), once(reader, "close")]);
  const until = <T>(what: string, look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      void closed.then(() => reject(new Error(`the process ended without saying ${what}`)));
    });
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await closed;
  };
  return {
    process: child,
    lines,
    line: (start) => until(`"${start}"`, () => lines.find((line) => line.startsWith(start))),
    heard: async (count) => {
      await until(`${count} lines`, () => lines[count - 1]);
    },
    kill,
    [Symbol.asyncDispose]: () => kill("SIGKILL"),
  };
}
