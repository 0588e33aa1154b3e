import type { HostPort } from "../redis-url.ts";
import { Connection, type Reply } from "./connection.ts";
import type { CheckedOptions } from "./options.ts";

/** Slots from one up to another (inclusive) and the master that has them. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly at: HostPort;
}

/** @throws {Error} when no node of the cluster answers */
export function askCluster(
  options: CheckedOptions,
  hosts: readonly HostPort[],
): Promise<readonly SlotRange[]> {
  return askFirst(options, hosts, ["CLUSTER", "SLOTS"], (reply, asked) =>
    (reply as readonly (readonly Reply[])[]).map(([from, to, master]) => {
      const [host, port] = master as readonly Reply[];
      // A node that does not know its own address leaves it out.
      const named = String(host ?? "");
      return {
        from: Number(from),
        to: Number(to),
        at: { host: named === "" ? asked.host : named, port: Number(port) },
      };
    }),
  );
}

async function askFirst<T>(
  options: CheckedOptions,
  hosts: readonly HostPort[],
  args: readonly string[],
  read: (reply: Reply, asked: HostPort) => T,
): Promise<T> {
  let failure: unknown = new Error("there is nobody to ask");
  for (const at of hosts) {
    try {
      const { address, timeoutMs, ca } = options;
      const { connection } = await Connection.open({ address, at, timeoutMs, ca, onNote: () => undefined });
      try {
        return read(await connection.call(args), at);
      } finally {
        connection.end("it was asked");
      }
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
