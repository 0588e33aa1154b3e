import { once } from "node:events";
import { createServer, connect, type Socket, type Server, type AddressInfo } from "node:net";
import { type Log, type LogOptions, MemoryLog } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";
import { LogHost, RemoteLog } from "../../../src/logs/remote/index.ts";
import { Peer } from "../../../src/peer/index.ts";
import { reopened } from "../opened.ts";

/** A log behind a socket, for the conformance list. `openOwn` opens the one behind it. */
export async function openRemoteLog(
  options: LogOptions,
  openOwn: (options: LogOptions) => Promise<OpenedLog> = openMemoryLog,
): Promise<OpenedLog> {
  const own = await openOwn(options);
  let { log, host } = await share(own.log);
  return {
    log,
    restart: async () => {
      await log.close();
      host.close();
      ({ log, host } = await share(await own.restart()));
      return log;
    },
    [Symbol.asyncDispose]: async () => {
      await log.close();
      host.close();
      await own[Symbol.asyncDispose]();
    },
  };
}

export async function openMemoryLog(options: LogOptions): Promise<OpenedLog> {
  return reopened(async () => new MemoryLog(options));
}

async function share(own: Log): Promise<{ readonly log: RemoteLog; readonly host: LogHost }> {
  const host = new LogHost(own);
  const { log } = await join(host);
  return { log, host };
}

/** Another process, as far as the log can tell. */
export async function join(
  host: LogHost,
): Promise<{ readonly log: RemoteLog; readonly socket: Socket; readonly other: Socket }> {
  const [socket, other] = await socketPair();
  host.attach(new Peer(other, "the process that uses the log"));
  return { log: await RemoteLog.open(new Peer(socket, "the process that owns the log")), socket, other };
}

/** Two ends of one connection. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server: Server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [other] = (await once(server, "connection")) as [Socket];
  server.close();
  return [socket.setNoDelay(), other.setNoDelay()];
}
