import { once } from "node:events";
import { connect } from "node:net";

/**
 * Sends one command by a connection of its own; answers as the protocol has it (RESP2).
 *
 * @throws {Error} with what the server or the system has against it, and where the connection ends without an answer
 */
export async function ask(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const line = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
  socket.write(`*${words.length}\r\n${line}`);
  const ended = once(socket, "close").then(() => {
    throw new Error(`the server at ${port} ended the connection`);
  });
  ended.catch(() => undefined);
  try {
    const [reply] = (await Promise.race([once(socket, "data"), ended])) as [Buffer];
    const text = reply.toString();
    if (text.startsWith("-")) throw new Error(text.trim());
    return text;
  } finally {
    socket.destroy();
  }
}
