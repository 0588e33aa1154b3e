import type { ServerProcess } from "./server-process.ts";
import type { Servers } from "./servers.ts";

/** Several servers on one log. A client that asks anew is sent to another one. */
export class ServerGroup implements Servers, AsyncDisposable {
  readonly all: readonly ServerProcess[];
  #turn = 0;

  constructor(all: readonly ServerProcess[]) {
    this.all = all;
  }

  async next(): Promise<string> {
    for (;;) {
      for (let tried = 0; tried < this.all.length; tried++) {
        const server = this.all[this.#turn++ % this.all.length];
        if (server?.isUp === true) return server.url;
      }
      await Promise.race(this.all.map((server) => server.next()));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((server) => server[Symbol.asyncDispose]()));
  }
}
