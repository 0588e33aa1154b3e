import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Opens a stream of a channel without a library: what arrives is left to whoever holds the socket. */
export async function openStream(url: string, channel: string): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  // The server may end it with a reset.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(`GET /channels/${channel} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, "readable");
  return socket;
}
