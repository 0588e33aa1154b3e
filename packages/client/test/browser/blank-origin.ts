import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An origin of its own, other than that of any Tidings server: what its pages ask of one is across origins. */
export interface BlankOrigin extends AsyncDisposable {
  /** Without a slash at its end, as in an `Origin` header. */
  readonly origin: string;
}

/** Serves the script, a blank page that loads it, and at `/away` one that does not. */
export async function serveBlankPage(script: string): Promise<BlankOrigin> {
  const head = '<!doctype html><html lang="en"><title>client</title><link rel="icon" href="data:,">';
  const server = createServer(({ url }, response) => {
    const isScript = url === "/client.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
    // Not `no-store`, which would keep the page out of the back-forward cache.
    response.setHeader("cache-control", "no-cache");
    if (isScript) response.end(script);
    else response.end(url === "/away" ? head : `${head}<script type="module" src="/client.js"></script>`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
