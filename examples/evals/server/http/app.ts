import { join } from "node:path";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Logger } from "pino";
import { type ArtifactMessage, channelOf } from "../../shared/channels.ts";
import {
  AgainSchema,
  CommentSchema,
  CreateSchema,
  hasEnded,
  LinesQuerySchema,
  ListQuerySchema,
  PatchSchema,
  SearchQuerySchema,
  StopSchema,
} from "../../shared/evaluation.ts";
import { LIMITS } from "../../shared/limits.ts";
import { FILES } from "../../supervisor/run-file.ts";
import type { Evaluations } from "../evaluations.ts";
import { Fault } from "../fault.ts";
import { LogIndexes } from "../log-index.ts";
import type { Teller } from "../run/teller.ts";
import { checkRequest } from "./guard.ts";
import { serveLog } from "./log.ts";
import { Pages } from "./pages.ts";
import { check, problemResponse, readBody } from "./problem.ts";

interface Env {
  Bindings: HttpBindings;
}

export interface AppOptions {
  readonly evaluations: Evaluations;
  readonly teller: Teller;
  readonly logger: Logger;
  readonly folderOf: (id: string) => string;
  /** Folder of the built pages. */
  readonly web: string | undefined;
}

/** REST below `/api`, and the pages everywhere else. */
export function createApp({ evaluations, teller, logger, folderOf, web }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const pages = new Pages(web);
  const indexes = new LogIndexes();
  const logOf = (id: string): string => join(folderOf(evaluations.get(id).id), FILES.log);

  app.use(async (context, next) => {
    checkRequest(context.env.incoming);
    await next();
  });
  app.onError((error) => {
    if (error instanceof Fault) return problemResponse(error.code, error.message, { errors: error.errors });
    logger.error({ err: error }, "a request met a fault of the server's own");
    return problemResponse("INTERNAL", "the server met a fault of its own, which its log tells; try again.");
  });

  const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
    new Response(JSON.stringify(value), {
      status,
      headers: {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        ...headers,
      },
    });
  const made = ({ evaluation, isNew }: Awaited<ReturnType<Evaluations["create"]>>): Response =>
    json(evaluation, isNew ? 201 : 200, { Location: `/api/evaluations/${evaluation.id}` });

  app.get("/api/kinds", () => json({ kinds: evaluations.kinds }));
  app.get("/api/overview", () => json(evaluations.overview()));

  app.post("/api/evaluations", async (context) => {
    const body = await readBody(context.req.raw, CreateSchema);
    return made(await evaluations.create(body, keyOf(context)));
  });
  app.get("/api/evaluations", (context) =>
    json(evaluations.list(check(ListQuerySchema, context.req.query()))),
  );
  app.get("/api/evaluations/:id", (context) => json(evaluations.get(context.req.param("id"))));
  app.patch("/api/evaluations/:id", async (context) => {
    const patch = await readBody(context.req.raw, PatchSchema);
    return json(await evaluations.patch(context.req.param("id"), patch));
  });
  app.delete("/api/evaluations/:id", async (context) => {
    const id = context.req.param("id");
    const path = logOf(id);
    await evaluations.delete(id);
    indexes.delete(path);
    return new Response(null, { status: 204 });
  });
  app.post("/api/evaluations/:id/stop", async (context) => {
    const stop = await readBody(context.req.raw, StopSchema, { mayBeEmpty: true });
    const evaluation = await evaluations.stop(context.req.param("id"), stop);
    // Until its process has ended it is only asked for (RFC 9110 §15.3.3).
    return json(evaluation, hasEnded(evaluation.state) ? 200 : 202);
  });
  app.post("/api/evaluations/:id/again", async (context) => {
    const again = await readBody(context.req.raw, AgainSchema, { mayBeEmpty: true });
    return made(await evaluations.again(context.req.param("id"), again, keyOf(context)));
  });
  app.post("/api/evaluations/:id/comments", async (context) => {
    const comment = await readBody(context.req.raw, CommentSchema);
    await evaluations.comment(context.req.param("id"), comment);
    return json(comment, 201);
  });

  app.get("/api/evaluations/:id/log", async (context) => {
    const id = context.req.param("id");
    return serveLog(logOf(id), id, context.req.raw);
  });
  app.get("/api/evaluations/:id/log/lines", async (context) => {
    const { from, count } = check(LinesQuerySchema, context.req.query());
    return json(await indexes.of(logOf(context.req.param("id"))).lines(from, count));
  });
  app.get("/api/evaluations/:id/log/search", async (context) => {
    const query = check(SearchQuerySchema, context.req.query());
    return json(await indexes.of(logOf(context.req.param("id"))).search(query));
  });
  app.get("/api/evaluations/:id/artifacts/:name", async (context) => {
    const { id, name } = context.req.param();
    const url = await artifactUrl(teller, evaluations.get(id).id, name);
    return new Response(null, { status: 302, headers: { Location: url, "Cache-Control": "no-store" } });
  });

  app.all("/api/*", ({ req: { method, path } }) => {
    throw new Fault(
      "NOT_FOUND",
      `there is no ${method} ${path.slice(0, 200)}; the README lists what there is.`,
    );
  });
  app.get("*", (context) => pages.serve(context.req.path, context.req.raw));
  app.all("*", ({ req: { method } }) => {
    throw new Fault("METHOD_NOT_ALLOWED", `pages are fetched with GET, and not ${method.slice(0, 20)}.`);
  });
  return app;
}

function keyOf(context: Context): string | undefined {
  const key = context.req.header("idempotency-key");
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Fault(
    "IDEMPOTENCY_KEY_INVALID",
    `an Idempotency-Key has 1 to ${LIMITS.maxIdempotencyKeyChars} visible characters of ASCII, without spaces.`,
  );
}

/** The newest artifact of a name: its channel is what remembers them. */
async function artifactUrl(teller: Teller, id: string, name: string): Promise<string> {
  let url: string | undefined;
  let since = "earliest";
  for (;;) {
    const page = await teller.tidings.read(channelOf(id, "artifact"), { since });
    for (const { data } of page.messages)
      if ((data as ArtifactMessage).name === name) url = (data as ArtifactMessage).url;
    if (page.caughtUp) break;
    since = page.cursor;
  }
  if (url !== undefined) return url;
  throw new Fault("ARTIFACT_UNKNOWN", `evaluation ${id} has no artifact "${name.slice(0, 100)}".`);
}
