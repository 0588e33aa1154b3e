import { serveAppend, serveArtifact, serveRemove, serveUpload } from "../artifacts/http/index.ts";
import { Canary } from "../health/canary.ts";
import { serveChannels, serveHead, serveTruncate } from "../http/channels.ts";
import { connectBody } from "../http/connect-body.ts";
import { negotiate } from "../http/negotiate.ts";
import { HttpCallers, serveCommand, serveCommandList } from "../http/commands.ts";
import { describeApi } from "../http/openapi.ts";
import { servePatch } from "../http/patch-connection.ts";
import { serveDeleteMember, servePresence, servePutMember } from "../http/presence.ts";
import { sendJson } from "../http/problem.ts";
import { serveDeleteKey, servePublish } from "../http/publish.ts";
import { connectQuery, readQuery } from "../http/query.ts";
import { type Exchange, Router } from "../http/router.ts";
import type { Services } from "../http/services.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { serveNdjson } from "../transports/ndjson/index.ts";
import { servePage } from "../transports/page/index.ts";
import { serveFrames, servePoll } from "../transports/polling/index.ts";
import { serveSse } from "../transports/sse/index.ts";
import { version } from "../version.ts";

/** How long the canary may take, in milliseconds. */
const CANARY_TIMEOUT_MS = 2_000;

/** Every URL of the server, and what answers it. */
export function createRouter(services: Services, metrics: Metrics): Router {
  const openApi = describeApi(services.limits);
  const canary = new Canary(services.hub, services.publisher, CANARY_TIMEOUT_MS);
  const callers = new HttpCallers(services.limits.maxCommandsInFlight);
  return new Router()
    .on("GET", "/", ({ res }) => sendJson(res, 200, { name: "tidings", version, links: LINKS }))
    .on("GET", "/channels", ({ res, query }) => serveChannels(services, res, query))
    .on("GET", "/channels/*", (exchange) => services.admission.pass(() => serveChannel(services, exchange)))
    .on("HEAD", "/channels/*", ({ res, name }) => serveHead(services, res, name))
    .on("POST", "/channels/*", ({ req, res, name, query }) => servePublish(services, req, res, name, query))
    .on("DELETE", "/channels/*", ({ req, res, name, query }) =>
      query.has("key")
        ? serveDeleteKey(services, req, res, name, query)
        : serveTruncate(services, res, name, query),
    )
    .on("GET", "/connect", (exchange) => services.admission.pass(() => serveConnect(services, exchange)))
    .on("POST", "/connect", (exchange) => services.admission.pass(() => serveConnect(services, exchange)))
    .on("PATCH", "/connections/:id", ({ req, res, name }) => servePatch(services, req, res, name))
    .on("POST", "/artifacts", (exchange) => serveUpload(services, exchange))
    .on("GET", "/artifacts/:id", (exchange) => serveArtifact(services, exchange))
    .on("HEAD", "/artifacts/:id", (exchange) => serveArtifact(services, exchange))
    .on("PATCH", "/artifacts/:id", (exchange) => serveAppend(services, exchange))
    .on("DELETE", "/artifacts/:id", (exchange) => serveRemove(services, exchange))
    .on("GET", "/commands", ({ res, query }) => serveCommandList(services, res, query))
    .on("POST", "/commands/*", ({ req, res, name, query }) =>
      serveCommand(services, callers, req, res, name, query),
    )
    .on("GET", "/presence/*", ({ req, res, name, query }) => servePresence(services, req, res, name, query))
    .on("PUT", "/presence/*", ({ req, res, name, query }) => servePutMember(services, req, res, name, query))
    .on("DELETE", "/presence/*", ({ res, name, query }) => serveDeleteMember(services, res, name, query))
    .on("GET", "/healthz", ({ res }) => sendJson(res, 200, { status: "alive" }))
    .on("GET", "/readyz", ({ res }) => serveReady(services, canary, res))
    .on("GET", "/openapi.json", ({ res }) => sendJson(res, 200, openApi))
    .on("GET", "/metrics", async ({ res }) => {
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
async function serveChannel(services: Services, { req, res, query, name }: Exchange): Promise<void> {
  const kind = negotiate(req, ["json", "sse", "ndjson", "html"]);
  const read = readQuery(req, query, name, services, kind === "json" || kind === "html");
  switch (kind) {
    case "html":
      return servePage(res, name);
    case "json":
      return servePoll(services, req, res, read, false);
    case "sse":
      return serveSse(services, res, read, false);
    case "ndjson":
      return serveNdjson(services, res, read, false);
  }
}

/** `GET /connect` and `POST /connect`: many channels on one connection, as the URL says, or the body. */
async function serveConnect(services: Services, { req, res, query }: Exchange): Promise<void> {
  const kind = negotiate(req, ["json", "sse", "ndjson"]);
  const isPosted = req.method === "POST";
  // Lines that end where a page would.
  const isShort = isPosted && kind === "ndjson" && query.has("wait");
  const isPage = kind === "json" || isShort;
  const read = isPosted
    ? await connectBody(req, query, services, isPage)
    : connectQuery(req, query, services, isPage);
  if (kind === "sse") return serveSse(services, res, read, true);
  if (isShort) return serveFrames(services, res, read);
  if (kind === "ndjson") return serveNdjson(services, res, read, true);
  return servePoll(services, req, res, read, true);
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
