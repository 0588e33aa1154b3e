import { fileURLToPath } from "node:url";
import { serveAppend, serveArtifact, serveRemove, serveUpload } from "../artifacts/http/index.ts";
import { Assets, serveAsset, serveLab, serveStart } from "../assets/index.ts";
import { Canary } from "../health/canary.ts";
import {
  serveAdminChannels,
  serveAdminConfig,
  serveAdminConnection,
  serveAdminConnections,
  serveAdminEvents,
  serveAdminNodes,
  serveDisconnect,
} from "../http/admin.ts";
import { serveChannels, serveHead, serveTruncate } from "../http/channels.ts";
import { admitReads, checkSome } from "../http/authorize.ts";
import { connectBody } from "../http/connect-body.ts";
import { negotiate } from "../http/negotiate.ts";
import { HttpCallers, serveCommand, serveCommandList } from "../http/commands.ts";
import { describeApi } from "../http/openapi.ts";
import { servePatch } from "../http/patch-connection.ts";
import { serveDeleteMember, servePresence, servePutMember } from "../http/presence.ts";
import { sendJson } from "../http/problem.ts";
import { serveDeleteKey, servePublish } from "../http/publish.ts";
import { connectQuery, readQuery } from "../http/query.ts";
import { serveRestore, serveRevocations, serveRevoke } from "../http/revocations.ts";
import { type Exchange, Router } from "../http/router.ts";
import type { Services } from "../http/services.ts";
import { serveTicket } from "../http/tickets.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { serveNdjson } from "../transports/ndjson/index.ts";
import { servePage } from "../transports/page/index.ts";
import { serveFrames, servePoll } from "../transports/polling/index.ts";
import { serveSse } from "../transports/sse/index.ts";
import { version } from "../version.ts";

/** How long the canary may take, in milliseconds. */
const CANARY_TIMEOUT_MS = 2_000;

/** Where the pages are, once they are built: beside `src` and `dist` alike. */
const ASSETS = fileURLToPath(new URL("../../assets/", import.meta.url));

/** Every URL of the server, and what answers it; of the lab, what its page connects to. */
export function createRouter(
  services: Services,
  metrics: Metrics,
  labSources: readonly string[] = [],
): Router {
  const openApi = describeApi(services.limits);
  const canary = new Canary(services.hub, services.publisher, CANARY_TIMEOUT_MS);
  const assets = new Assets(ASSETS);
  const callers = new HttpCallers(services.limits.maxCommandsInFlight);
  return new Router()
    .on("GET", "/", "anyone", async (exchange) => {
      if (await serveStart(assets, exchange)) return;
      sendJson(exchange.res, 200, { name: "tidings", version, links: LINKS });
    })
    .on("GET", "/lab", "anyone", (exchange) => serveLab(assets, exchange, labSources))
    .on("GET", "/assets/*", "anyone", (exchange) => serveAsset(assets, exchange))
    .on("GET", "/channels", "parts", (exchange) => serveChannels(services, exchange))
    .on("GET", "/channels/*", "parts", (exchange) =>
      services.admission.pass(() => serveChannel(services, exchange)),
    )
    .on("HEAD", "/channels/*", "subscribe", ({ res, name }) => serveHead(services, res, name))
    .on("POST", "/channels/*", "publish", (exchange) => servePublish(services, exchange))
    .on("DELETE", "/channels/*", "parts", (exchange) => serveDelete(services, exchange))
    .on("GET", "/connect", "parts", (exchange) =>
      services.admission.pass(() => serveConnect(services, exchange)),
    )
    .on("POST", "/connect", "parts", (exchange) =>
      services.admission.pass(() => serveConnect(services, exchange)),
    )
    .on("PATCH", "/connections/:id", "parts", (exchange) => servePatch(services, exchange))
    .on("POST", "/artifacts", "parts", (exchange) => serveUpload(services, exchange))
    .on("GET", "/artifacts/:id", "parts", (exchange) => serveArtifact(services, exchange))
    .on("HEAD", "/artifacts/:id", "parts", (exchange) => serveArtifact(services, exchange))
    .on("PATCH", "/artifacts/:id", "parts", (exchange) => serveAppend(services, exchange))
    .on("DELETE", "/artifacts/:id", "parts", (exchange) => serveRemove(services, exchange))
    .on("GET", "/commands", "parts", (exchange) => serveCommandList(services, exchange))
    .on("POST", "/commands/*", "command", (exchange) => serveCommand(services, callers, exchange))
    .on("GET", "/presence/*", "presence", (exchange) => servePresence(services, exchange))
    .on("PUT", "/presence/*", "presence", ({ req, res, name, query }) =>
      servePutMember(services, req, res, name, query),
    )
    .on("DELETE", "/presence/*", "presence", ({ res, name, query }) =>
      serveDeleteMember(services, res, name, query),
    )
    .on("POST", "/tickets", "known", (exchange) => serveTicket(services, exchange))
    .on("GET", "/revocations", "server", (exchange) => serveRevocations(services, exchange))
    .on("POST", "/revocations", "server", (exchange) => serveRevoke(services, exchange))
    .on("DELETE", "/revocations", "server", (exchange) => serveRestore(services, exchange))
    .on("GET", "/admin/channels", "server", (exchange) => serveAdminChannels(services, exchange))
    .on("GET", "/admin/connections", "server", (exchange) => serveAdminConnections(services, exchange))
    .on("GET", "/admin/connections/:id", "server", (exchange) => serveAdminConnection(services, exchange))
    .on("DELETE", "/admin/connections/:id", "server", (exchange) => serveDisconnect(services, exchange))
    .on("GET", "/admin/nodes", "server", (exchange) => serveAdminNodes(services, exchange))
    .on("GET", "/admin/events", "server", (exchange) => serveAdminEvents(services, exchange))
    .on("GET", "/admin/config", "server", (exchange) => serveAdminConfig(services, exchange))
    .on("GET", "/healthz", "anyone", ({ res }) => sendJson(res, 200, { status: "alive" }))
    .on("GET", "/readyz", "anyone", ({ res }) => serveReady(services, canary, res))
    .on("GET", "/openapi.json", "anyone", ({ res }) => sendJson(res, 200, openApi))
    .on("GET", "/metrics", "server", async ({ res }) => {
      const text = await metrics.text();
      res.writeHead(200, { "Content-Type": metrics.contentType, "Cache-Control": "no-store" }).end(text);
    });
}

const LINKS = {
  channels: "channels",
  connect: "connect",
  artifacts: "artifacts",
  commands: "commands",
  openapi: "openapi.json",
  metrics: "metrics",
  health: "healthz",
  readiness: "readyz",
};

/** `GET /channels/{channel}`: one URL, and the transport that the request asks for. */
async function serveChannel(services: Services, { req, res, query, name, access }: Exchange): Promise<void> {
  const kind = negotiate(req, ["json", "sse", "ndjson", "html"]);
  const read = readQuery(req, query, name, services, kind === "json" || kind === "html");
  // The page is the same for all, and reads the channel as any client does.
  if (kind === "html") return servePage(res, name);
  await admitReads(access, read, true, services);
  switch (kind) {
    case "json":
      return servePoll(services, req, res, read, false, access);
    case "sse":
      return serveSse(services, res, read, false, access);
    case "ndjson":
      return serveNdjson(services, res, read, false, access);
  }
}

/** `DELETE /channels/{channel}`: with a key what its newest message is, else messages. */
async function serveDelete(services: Services, exchange: Exchange): Promise<void> {
  const { res, name, query, access } = exchange;
  const isOfKey = query.has("key");
  await access.check(isOfKey ? "publish" : "admin", name);
  if (isOfKey) await serveDeleteKey(services, exchange);
  else await serveTruncate(services, res, name, query);
}

/** `GET /connect` and `POST /connect`: many channels on one connection, as the URL says, or the body. */
async function serveConnect(services: Services, { req, res, query, access }: Exchange): Promise<void> {
  const kind = negotiate(req, ["json", "sse", "ndjson"]);
  checkSome(access);
  const isPosted = req.method === "POST";
  // Lines that end where a page would.
  const isShort = isPosted && kind === "ndjson" && query.has("wait");
  const isPage = kind === "json" || isShort;
  const asked = isPosted
    ? await connectBody(req, query, services, isPage)
    : connectQuery(req, query, services, isPage);
  const read = await admitReads(access, asked, kind === "json", services);
  if (kind === "sse") return serveSse(services, res, read, true, access);
  if (isShort) return serveFrames(services, res, read, access);
  if (kind === "ndjson") return serveNdjson(services, res, read, true, access);
  return servePoll(services, req, res, read, true, access);
}

async function serveReady(services: Services, canary: Canary, res: Exchange["res"]): Promise<void> {
  if (services.connections.isDraining) return sendJson(res, 503, { status: "draining" });
  const health = await canary.check();
  sendJson(
    res,
    health.ready ? 200 : 503,
    health.ready
      ? { status: "ready", travelMs: health.travelMs }
      : { status: "unready", reason: health.reason },
  );
}
