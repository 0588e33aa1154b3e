import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "@tidings/testing";
import { vi } from "vitest";
import { createTidings, type Tidings, type TidingsOptions } from "tidings";

/** Of every server of the list. */
export const QUICK_CONFIG = {
  /** So that silence is noticed soon; in milliseconds. */
  limits: { heartbeatMs: 400, pingMs: 400, pongTimeoutMs: 400 },
  /** A page of another address may be where the client runs. */
  cors: { origins: ["*"] },
  drainMs: 200,
  /** Whatever reads here asks for it where it can, and decompresses by itself. */
  compression: "all",
} as const satisfies TidingsOptions;

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Of now: another one after each restart. */
  readonly tidings: Tidings;
  /** Goes down as a deploy does, and comes back on the same port with the same log. */
  drainAndRestart(): Promise<void>;
  /** Resolves once it holds so many streams, sockets and long polls. */
  holds(count: number): Promise<void>;
}

/** A server on a port of its own; with `lmdb` its messages outlive a restart. */
export async function openServer(options: TidingsOptions = {}): Promise<TestServer> {
  const data = await mkdtemp(join(tmpdir(), "tidings-client-"));
  const all: TidingsOptions = { log: "memory", data, ...QUICK_CONFIG, ...options };
  let tidings = await createTidings(all);
  const { url, port } = await tidings.listen({ port: await ownPort() });
  return {
    url,
    get tidings() {
      return tidings;
    },
    async drainAndRestart() {
      await tidings.drain();
      await tidings.close();
      tidings = await createTidings(all);
      await tidings.listen({ port });
    },
    async holds(count) {
      const held = async (): Promise<number> => {
        const metrics = await (await fetch(`${url}/metrics`)).text();
        const counts = [...metrics.matchAll(/^tidings_connections\{[^}]*\} (\d+)$/gm)];
        return counts.reduce((sum, [, each]) => sum + Number(each), 0);
      };
      await vi.waitUntil(async () => (await held()) === count, 15_000);
    },
    async [Symbol.asyncDispose]() {
      await tidings.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
