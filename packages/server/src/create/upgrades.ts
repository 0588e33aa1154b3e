import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { quote, TidingsError } from "@tidings/protocol";
import { checkRequest, type GuardOptions } from "../http/guard.ts";
import { splitUrl } from "../http/handler.ts";
import { connectQuery, type ReadQuery, readQuery } from "../http/query.ts";
import type { Services } from "../http/services.ts";
import { refuseUpgrade } from "../http/upgrade.ts";
import { WebSocketTransport } from "../transports/websocket/index.ts";

/** Serves the WebSocket upgrades of a Node server that are for URLs below the base path; the answer ends that. */
export function attachUpgrades(
  server: Server,
  services: Services,
  guard: GuardOptions,
  basePath: string,
): () => void {
  const transport = new WebSocketTransport(services);
  const onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = splitUrl(req, basePath);
    // The server's other upgrades are for its other listeners; alone, silence would leave the client hanging.
    if (!isOurs(url?.path) && server.listenerCount("upgrade") > 1) return;
    // Until the transport has it, a socket that breaks is nobody's.
    socket.on("error", ignore);
    const serve = async (): Promise<void> => {
      socket.off("error", ignore);
      try {
        checkRequest(req, guard);
        transport.serve(req, socket, head, upgradeQuery(req, url, services), url?.path === "/connect");
      } catch (error) {
        refuseUpgrade(socket, services.toError(error));
      }
    };
    void services.admission.pass(serve);
  };
  server.on("upgrade", onUpgrade);
  return () => server.off("upgrade", onUpgrade);
}

function ignore(): void {}

function isOurs(path: string | undefined): boolean {
  return path === "/connect" || path?.startsWith("/channels/") === true;
}

function upgradeQuery(req: IncomingMessage, url: ReturnType<typeof splitUrl>, services: Services): ReadQuery {
  if (req.headers.upgrade?.toLowerCase() !== "websocket") {
    throw new TidingsError(
      "UPGRADE_INVALID",
      `an upgrade to ${quote(String(req.headers.upgrade))} is not offered; the one that is, is websocket.`,
    );
  }
  const path = url?.path ?? "/";
  const query = url?.query ?? new URLSearchParams();
  if (path === "/connect") return connectQuery(req, query, services, false);
  if (path.startsWith("/channels/"))
    return readQuery(req, query, decodePath(path.slice("/channels/".length)), services, false);
  throw new TidingsError(
    "NOT_FOUND",
    `there is no WebSocket at ${quote(path)}; there is one at /channels/{channel} and at /connect.`,
  );
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new TidingsError("CHANNEL_NAME_INVALID", `${quote(path)} is not percent-encoded UTF-8.`, {}, cause);
  }
}
