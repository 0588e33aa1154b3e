import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { quote, TidingsError } from "@tidings/protocol";
import { RIGHTS } from "@tidings/core";
import { type Access, type Identity, isSomebody, OPEN_ACCESS, unauthenticated } from "../auth/index.ts";
import { REQUEST_HEADER } from "../http/answer.ts";
import { admitReads } from "../http/authorize.ts";
import { checkRequest, type GuardOptions } from "../http/guard.ts";
import { splitUrl } from "../http/handler.ts";
import { connectQuery, type ReadQuery, readQuery } from "../http/query.ts";
import type { Services } from "../http/services.ts";
import { refuseUpgrade } from "../http/upgrade.ts";
import { type Handshake, offersFrames, WebSocketTransport } from "../transports/websocket/index.ts";

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
      let identity: Identity | undefined;
      try {
        // The cheapest first: who comes too often is told so before anything else is looked at.
        const why = services.sockets.whyOver(req.socket);
        if (why !== undefined) throw why;
        services.arrivals.check(services.addresses.of(req));
        checkRequest(req, guard);
        const query = url?.query ?? new URLSearchParams();
        const { auth } = services;
        const access = auth === undefined ? OPEN_ACCESS : await auth.gate.enter(req, query, true);
        identity = access.identity;
        const asked = upgradeQuery(req, url?.path ?? "/", query, services);
        const isMulti = url?.path === "/connect";
        const handshake = await admit(req, asked, isMulti, services, access);
        socket.off("error", ignore);
        transport.serve(req, socket, head, handshake);
      } catch (error) {
        const request = services.newId();
        const told = services.toError(error, request);
        services.refusals.count(told.code, () => ({
          message: told.message,
          method: "GET",
          ...routeOf(url?.path),
          address: services.addresses.of(req),
          identity,
          request,
        }));
        refuseUpgrade(socket, told, { [REQUEST_HEADER]: request });
      }
    };
    void services.admission.pass(serve);
  };
  server.on("upgrade", onUpgrade);
  return () => server.off("upgrade", onUpgrade);
}

function ignore(): void {}

/** As the router has it, for those who ask why it was refused. */
function routeOf(path = ""): { readonly route: string; readonly channel?: string } {
  if (!path.startsWith("/channels/")) return { route: path === "/connect" ? path : "none" };
  return { route: "/channels/*", channel: path.slice("/channels/".length) };
}

function isOurs(path: string | undefined): boolean {
  return path === "/connect" || path?.startsWith("/channels/") === true;
}

/**
 * Refuses before the upgrade what can be refused then. One that shows nothing, and asks for what is not for anonymous ones, may
 * still show something in its first frame, if it speaks the subprotocol that has frames.
 */
async function admit(
  req: IncomingMessage,
  asked: ReadQuery,
  isMulti: boolean,
  services: Services,
  access: Access,
): Promise<Handshake> {
  const { identity } = access;
  const address = services.addresses.of(req);
  const mayWait = !isSomebody(identity) && offersFrames(req);
  if (RIGHTS.some((right) => identity.grants.allowsAny(right))) {
    try {
      const read = await admitReads(access, asked, !isMulti, services);
      return { read, access, address, isMulti, isWaiting: false };
    } catch (error) {
      if (!mayWait || services.toError(error).code !== "UNAUTHENTICATED") throw error;
    }
  }
  if (mayWait) return { read: asked, access, address, isMulti, isWaiting: true };
  if (!isSomebody(identity))
    throw unauthenticated(
      "this needs a credential: as a header, a ticket, a cookie, or in the first frame of a tidings.v1 WebSocket.",
    );
  throw new TidingsError("FORBIDDEN", "the credential has no grants; ask for one that has.");
}

function upgradeQuery(
  req: IncomingMessage,
  path: string,
  query: URLSearchParams,
  services: Services,
): ReadQuery {
  if (req.headers.upgrade?.toLowerCase() !== "websocket") {
    throw new TidingsError(
      "UPGRADE_INVALID",
      `an upgrade to ${quote(String(req.headers.upgrade))} is not offered; the one that is, is websocket.`,
    );
  }
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
