import type { Server } from "node:net";

/** What the system was asked to write to one socket, in one call; of a gathered write each of its parts. */
export interface Written {
  readonly socket: object;
  readonly parts: readonly unknown[];
}

/** What is under a socket's stream, and writes for it. */
type Handle = Record<string, ((...args: readonly unknown[]) => number) | undefined>;

/** Counts what a server has the system write, past its sockets' streams too; answers what was counted since the last call. */
export function countWrites(server: Server): () => readonly Written[] {
  let written: Written[] = [];
  server.on("connection", (socket) => {
    const { _handle: handle } = socket as unknown as { readonly _handle: Handle };
    for (const name of ["writeBuffer", "writev", "writeLatin1String", "writeUtf8String"]) {
      const write = handle[name]?.bind(handle);
      handle[name] = (request, data, ...rest) => {
        written.push({ socket, parts: name === "writev" ? (data as unknown[]) : [data] });
        return write?.(request, data, ...rest) ?? 0;
      };
    }
  });
  return () => {
    const before = written;
    written = [];
    return before;
  };
}
