// A server whose readers reach it through the lab's fault proxy, without a fault; publishers reach it straight, as in the lab.
import { startChild } from "../lib/child.mjs";

/**
 * @param {(options: object) => Promise<any>} start of a server
 * @returns {(options: object) => Promise<any>} of the same server behind a proxy, in a process of its own on any core
 */
export function behindProxy(start) {
  return async (options) => {
    const server = await start(options);
    const proxy = startChild(undefined, new URL("proxy.mjs", import.meta.url), [
      `http://${server.host}:${server.port}`,
    ]);
    const port = await proxy.call("port");
    return {
      ...server,
      /** @param {...any} args */
      reader: (...args) => ({ ...server.reader(...args), port }),
      async stop() {
        await proxy.stop();
        await server.stop();
      },
    };
  };
}
