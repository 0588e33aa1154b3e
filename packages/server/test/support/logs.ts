import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogUnderTest, ServerUnderTest } from "@tidings/testing";
import type { TidingsOptions } from "../../src/create/options.ts";
import { createTidings, type Tidings } from "../../src/tidings.ts";

/** A server of the library, listening on a port of its own. */
export interface TestServer extends ServerUnderTest {
  /** Of now: another one after each restart. */
  readonly tidings: Tidings;
  readonly port: number;
}

/** Opens a server on a log, by default in memory; its files are in a folder of its own, which goes with it. */
export async function openServer(options: TidingsOptions = {}): Promise<TestServer> {
  const data = await mkdtemp(join(tmpdir(), "tidings-"));
  const all: TidingsOptions = { log: "memory", data, drainMs: 0, ...options };
  let tidings = await createTidings(all);
  const { url, port } = await tidings.listen({ port: 0 });
  return {
    url,
    port,
    get tidings() {
      return tidings;
    },
    async restart() {
      await tidings.close();
      tidings = await createTidings(all);
      await tidings.listen({ port });
    },
    async [Symbol.asyncDispose]() {
      await tidings.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Every log that a server can be opened on. */
export const LOGS: readonly LogUnderTest[] = [
  { name: "memory", isDurable: false, open: async (options) => openServer({ log: "memory", ...options }) },
  { name: "lmdb", isDurable: true, open: async (options) => openServer({ log: "lmdb", ...options }) },
];

/** The same log, of servers that compress for WebSockets too. */
export function compressing(log: LogUnderTest): LogUnderTest {
  const kind = log.isDurable ? "lmdb" : "memory";
  return { ...log, open: async (options) => openServer({ log: kind, compression: "all", ...options }) };
}
