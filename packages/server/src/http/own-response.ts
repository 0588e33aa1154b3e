import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import type { Answer } from "./answer.ts";

/**
 * What Node's HTTP server listens to on a socket, by event and name. They are its own affair: where one of them is not
 * found, sockets are not released, and cost what they did before. A test looks whether they are.
 */
const HTTP_LISTENERS = [
  ["data", "bound socketOnData"],
  ["end", "bound socketOnEnd"],
  ["drain", "bound socketOnDrain"],
  ["error", "socketOnError"],
  ["timeout", "socketOnTimeout"],
] as const;
const HTTP_CLOSE = "bound socketOnClose";

type Listener = (...args: unknown[]) => void;
/** As Node's HTTP server has it for as long as it reads a socket. */
type ParsedSocket = Socket & { readonly parser?: { readonly incoming?: IncomingMessage | null } | null };

/** A response of the server's own listener: nobody else listens to it, so its socket may outlive it. */
export class OwnResponse extends ServerResponse {
  answer: Answer | undefined;

  // With what every answer has. As setHeader would, for less: Node keeps headers that are set in a table, and writes those that
  // are given here as they stand.
  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    const given = typeof reason === "string" ? headers : reason;
    const all = this.answer === undefined ? given : this.answer.dress(given);
    return typeof reason === "string" ? super.writeHead(status, reason, all) : super.writeHead(status, all);
  }

  /**
   * Takes the socket from HTTP, as an upgrade does: request, response and parser can be collected then, which are more than
   * half of what a stream costs that is held open. From then on the response says nothing any more, not even "close", and
   * what the client sends is passed over: after this answer there is no other (RFC 9112 §9.6). `then` is not called where
   * that cannot be: the request is not whole, the next one has come already, or the response is over.
   */
  release(then: (socket: Socket) => void): void {
    // Not now: the request may be in the middle of being parsed.
    setImmediate(() => {
      const { req } = this;
      if (!req.complete) return;
      // Read to its end, it is not taken for one that was broken off.
      if (!req.readableEnded) return void req.on("end", () => this.release(then)).resume();
      const socket = this.#release();
      if (socket !== undefined) then(socket);
    });
  }

  #release(): Socket | undefined {
    const socket = this.socket as ParsedSocket | null;
    if (socket === null || socket.parser?.incoming !== this.req) return undefined;
    if (this.writableEnded || socket.destroyed || !socket.readable) return undefined;
    const found = HTTP_LISTENERS.map(([event, name]) => [event, listenerOf(socket, event, name)] as const);
    const close = listenerOf(socket, "close", HTTP_CLOSE);
    if (close === undefined || found.some(([, listener]) => listener === undefined)) return undefined;
    this.detachSocket(socket);
    for (const [event, listener] of found) socket.off(event, listener as Listener);
    socket.off("close", close);
    // Takes the socket's bytes back from the parser too.
    socket.on("data", passOver);
    // Gives the parser back, as it does for a socket that has closed.
    close.call(socket);
    socket.on("error", passOver);
    socket.on("end", endToo);
    return socket;
  }
}

function listenerOf(socket: Socket, event: string, name: string): Listener | undefined {
  return (socket.listeners(event) as Listener[]).find((listener) => listener.name === name);
}

function passOver(): void {}

/** A client that has nothing more to say is taken to be gone, as Node's HTTP server takes it. */
function endToo(this: Socket): void {
  this.end();
}
