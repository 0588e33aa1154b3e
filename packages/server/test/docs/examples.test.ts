import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, blocksOf, readDoc, root } from "@tidings/testing/docs";

const LAUNCHER = join(root, "packages/server/bin/tidings.js");
/** What the documents say; the tests' server is elsewhere. */
const DOCUMENTED_URL = "http://127.0.0.1:8080";
/** Node.js 22.13 takes the types off a program only when it is asked to. */
const TYPES = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
/** A block that is to end by itself and does not. */
const LONGEST_MS = 20_000;

/** Blocks tagged ```sh test prints="…"```, ```js test …``` or ```ts test …```; `stream` for one that does not end by itself. */
for (const document of [
  "README.md",
  "docs/start.md",
  "docs/concepts.md",
  "docs/choosing.md",
  "docs/reference/client.md",
  "packages/client/README.md",
]) {
  describe(`${document}: each block runs as pasted`, () => {
    let server: CliServer;
    beforeAll(async () => {
      server = await CliServer.start();
    });
    afterAll(() => server.stop());

    const blocks = blocksOf(readDoc(document)).filter(({ tag }) => /^(?:sh|js|ts) test\b/.test(tag));

    test("there are some", () => expect(blocks.length).toBeGreaterThan(0));

    for (const block of blocks) {
      test(`line ${block.line}: ${block.text.trim().split("\n")[0]}`, async () => {
        const wanted = /prints="([^"]*)"/.exec(block.tag)?.[1] ?? "";
        const { output, code } = await server.run(block, wanted);
        expect(output).toContain(wanted);
        if (!isStream(block)) expect(code, output).toBe(0);
      });
    }
  });
}

function isStream({ tag }: Block): boolean {
  return / stream\b/.test(tag);
}

/** A server started through the built command line, on a free port, with a data folder of its own. */
class CliServer {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  static async start(): Promise<CliServer> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-docs-"));
    const args = [
      LAUNCHER,
      "serve",
      "--port",
      "0",
      "--data",
      join(folder, "data"),
      "--drain",
      "0",
      "--log-format",
      "json",
    ];
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
      env: environment(),
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
      if (msg === "listening" && url !== undefined) return new CliServer(child, folder, url);
    }
    throw new Error("the server ended before it listened");
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    await rm(this.#folder, { recursive: true });
  }

  /** Runs a block as it would be pasted, in the clone; one that does not end by itself is ended once it has said what it should. */
  async run(
    block: Block,
    wanted: string,
  ): Promise<{ readonly output: string; readonly code: number | null }> {
    const isScript = !block.tag.startsWith("sh");
    const text = block.text.replaceAll(DOCUMENTED_URL, this.#url);
    // In the clone's root, where `tidings` is found by its name; .mjs or .mts, since it is one whatever stands beside it.
    const ending = block.tag.startsWith("ts") ? "mts" : "mjs";
    const file = join(root, "test-output", `docs-${process.pid}-${block.line}.${ending}`);
    await mkdir(dirname(file), { recursive: true });
    if (isScript) await writeFile(file, text);
    const [command, args] = isScript ? [process.execPath, [...TYPES, file]] : ["sh", ["-e", "-c", text]];
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: environment(this.#url),
    });
    try {
      return await outcome(child, isStream(block) ? wanted : undefined);
    } finally {
      if (isScript) await rm(file);
    }
  }
}

async function outcome(
  child: ChildProcess,
  until: string | undefined,
): Promise<{ output: string; code: number | null }> {
  let output = "";
  let errors = "";
  const end = (): void => {
    // The whole group: `sh` does not pass a signal on.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (until !== undefined && output.includes(until)) end();
  });
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const tooLong = setTimeout(end, LONGEST_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(tooLong);
  return { output: code === 0 || until !== undefined ? output : output + errors, code };
}

/** As of a person at a terminal, with the Node.js that runs the tests first on the PATH. */
function environment(url?: string): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:TIDINGS_|NODE_|VITEST)/.test(name)),
  );
  const path = [dirname(process.execPath), join(root, "node_modules/.bin"), process.env["PATH"]].join(
    delimiter,
  );
  return { ...kept, PATH: path, NO_COLOR: "1", ...(url === undefined ? {} : { TIDINGS_URL: url }) };
}
