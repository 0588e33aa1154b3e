import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { credentialHeaders, RefusedError, type Server } from "../api.ts";

/**
 * What the client's WebSockets are here, with what browsers' cannot: the credential goes with the handshake too, for
 * whoever stands before the server, and what refuses it is told.
 */
export function webSocketFor(
  server: Server,
  onRefused: (refusal: RefusedError) => void,
): typeof globalThis.WebSocket {
  class NodeWebSocket extends WebSocket {
    constructor(url: string, protocols: string | string[]) {
      super(url, protocols, { headers: credentialHeaders(server), perMessageDeflate: false });
      this.on("unexpected-response", (_request, response) => {
        void readText(response)
          .catch(() => "")
          .then((body) => onRefused(new RefusedError(response.statusCode ?? 0, body)))
          .finally(() => this.terminate());
      });
    }

    /** Nobody waits for the goodbyes of a reader, and a server that is silent would hold the process up. */
    override close(): void {
      this.terminate();
    }
  }
  // It lacks members of the type that the client does not use.
  return NodeWebSocket as unknown as typeof globalThis.WebSocket;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
