import type { IncomingMessage } from "node:http";
import { CLOSE_CODES } from "@tidings/protocol";
import { WebSocket } from "ws";
import { credentialHeaders, RefusedError, UnreachableError } from "../api.ts";
import { EXIT, Failure } from "../exit.ts";
import { readFrame } from "./frames.ts";
import { pathFor, type Source, type SourceFrame } from "./source.ts";

/** Reading pauses above so many frames that nobody has taken yet. */
const MAX_WAITING = 256;

/** WebSocket without a subprotocol: the server sends frames as text, and nothing goes the other way. */
export const webSocketSource: Source = async function* (request) {
  const { server, signal } = request;
  const waiting: SourceFrame[] = [];
  let wake: (() => void) | undefined;
  let end: { readonly error?: Error } | undefined;
  const finish = (error?: Error): void => {
    end ??= error === undefined ? {} : { error };
    wake?.();
  };
  const take = (frame: SourceFrame): void => {
    waiting.push(frame);
    if (waiting.length >= MAX_WAITING) socket.pause();
    wake?.();
  };

  // The global WebSocket cannot send an Authorization header.
  const socket = new WebSocket(server.url.replace(/^http/, "ws") + pathFor(request), {
    headers: credentialHeaders(server),
    perMessageDeflate: false,
  });
  const stop = (): void => socket.terminate();
  signal.addEventListener("abort", stop, { once: true });
  socket.on("message", (data: Buffer) => {
    try {
      take(readFrame(data.toString()));
    } catch (error) {
      finish(error as Error);
      socket.terminate();
    }
  });
  socket.on("ping", () => take({ type: "alive" }));
  socket.on("unexpected-response", (_request, response) => {
    readText(response)
      .then((body) => finish(new RefusedError(response.statusCode ?? 0, body)))
      .catch((error: unknown) => finish(new UnreachableError(server, error)))
      .finally(() => socket.terminate());
  });
  socket.on("error", (error) => finish(new UnreachableError(server, error)));
  socket.on("close", (code, reason) => finish(refusalOf(code, reason.toString())));
  try {
    for (;;) {
      yield* waiting.splice(0);
      if (socket.isPaused) socket.resume();
      if (waiting.length > 0) continue;
      // What arrived before the end was given first.
      if (end?.error !== undefined) throw end.error;
      if (end !== undefined || signal.aborted) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", stop);
    socket.terminate();
  }
};

/** The close codes after which connecting again would meet the same answer. */
function refusalOf(code: number, reason: string): Error | undefined {
  const known = CLOSE_CODES[code];
  if (known === undefined || known.reconnect || code === 1000) return undefined;
  return new Failure(
    EXIT.refused,
    `the server closed the WebSocket with ${code}: ${reason === "" ? known.name : reason}`,
  );
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
