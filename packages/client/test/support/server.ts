import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTidings, type Tidings, type TidingsOptions } from "tidings";

/** A server of the library on a port of its own, with its log in memory. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly tidings: Tidings;
  /** Resolves once it holds so many streams, sockets and long polls. */
  holds(count: number): Promise<void>;
  holdsAtMost(count: number): Promise<void>;
}

export async function openServer(options: TidingsOptions = {}): Promise<TestServer> {
  const data = await mkdtemp(join(tmpdir(), "tidings-"));
  const tidings = await createTidings({ log: "memory", data, drainMs: 0, ...options });
  const { url, port } = await tidings.listen({ port: 0 });
  const held = async (): Promise<number> => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counts = metrics.matchAll(/^tidings_connections\{[^}]*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  return {
    url,
    port,
    tidings,
    async holds(count) {
      // Each look is a request of its own, so the loop gives the server its turns.
      while ((await held()) !== count);
    },
    async holdsAtMost(count) {
      while ((await held()) > count);
    },
    async [Symbol.asyncDispose]() {
      await tidings.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
