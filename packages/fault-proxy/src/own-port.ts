import { once } from "node:events";
import { createServer } from "node:net";
import { pid } from "node:process";

/** Below the ports that systems give out by themselves, to listeners on port 0 and to connections. */
const FIRST = 20_000;
const COUNT = 10_000;
/** So many of them are a process's own, unless the id of another one says the same: it may listen while this one does not. */
const SHARE = 500;

const given = new Set<number>();

/**
 * A free port of loopback that nobody else in this process is given. Whoever stops listening on it for a while finds it free
 * again: on a port that the system has chosen, a listener of another test may answer meanwhile.
 */
export async function ownPort(): Promise<number> {
  for (;;) {
    const port = choose();
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch {
      continue; // somebody else's
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

function choose(): number {
  // Once nearly all of its share was given, it takes any.
  if (given.size > SHARE * 0.9) return FIRST + Math.floor(Math.random() * COUNT);
  return FIRST + ((pid * SHARE) % COUNT) + Math.floor(Math.random() * SHARE);
}
