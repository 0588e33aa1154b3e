import type { IncomingMessage, ServerResponse } from "node:http";
import { TidingsError } from "@tidings/protocol";
import { OPEN_ACCESS } from "../auth/index.ts";
import type { Addresses } from "./address.ts";
import { Answer, type AnswerOptions, type OnAnswered } from "./answer.ts";
import { authorize } from "./authorize.ts";
import { BodyDeadline, hasBody } from "./body-deadline.ts";
import { applyCors } from "./cors.ts";
import { checkRequest, type GuardOptions } from "./guard.ts";
import { OwnResponse } from "./own-response.ts";
import { Pipelines } from "./pipelines.ts";
import { sendProblem } from "./problem.ts";
import type { Refusals } from "./refusals.ts";
import type { Router } from "./router.ts";
import { securityHeaders } from "./security-headers.ts";
import type { AuthServices, Services } from "./services.ts";
import type { Sockets } from "./sockets.ts";

export interface HandlerOptions {
  readonly router: Router;
  readonly guard: GuardOptions;
  readonly sockets: Sockets;
  readonly refusals: Refusals;
  readonly addresses: Addresses;
  /** Absent where the server is open. */
  readonly auth: AuthServices | undefined;
  /** A path that all URLs begin with, such as `/push`; empty for none. */
  readonly basePath: string;
  /** How long a request's body may take, in milliseconds; an upload's, between two parts of it. */
  readonly requestTimeoutMs: number;
  readonly newId: () => string;
  readonly toError: Services["toError"];
  readonly onAnswered: OnAnswered;
  /** Hands a request to another process that has what it asks for, and says whether it did. That one checks it, too. */
  readonly passOn?: ((req: IncomingMessage, res: ServerResponse, path: string) => boolean) | undefined;
}

/** What any Node server, Express or Connect calls: without `next`, what is not found is answered with a problem. */
export type Handler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** Routes whose URL names a channel. */
const NAMED = /^\/(?:channels|presence)\/\*$/;
/** Shared by all requests without one, so never to be written to. */
const NO_QUERY = new URLSearchParams();

/** Splits a request's URL below the base path; `undefined` where it is not below it. */
export function splitUrl(
  req: IncomingMessage,
  basePath: string,
): { readonly path: string; readonly query: URLSearchParams } | undefined {
  // Express and Connect cut the path that they are mounted at off `url`, and keep the whole beside it.
  const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? "/";
  // A proxy's absolute form has to be understood too (RFC 9112 §3.2.2).
  const whole = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
  const isBelow = whole === basePath || whole.startsWith(`${basePath}/`) || whole.startsWith(`${basePath}?`);
  const url = isBelow ? whole.slice(basePath.length) : req.url === target ? undefined : req.url;
  if (url === undefined) return undefined;
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  return {
    path: path === "" ? "/" : path,
    query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)),
  };
}

export function createHandler(options: HandlerOptions): Handler {
  const { guard, newId, onAnswered } = options;
  const pipelines = new Pipelines();
  const common: AnswerOptions = { onAnswered, newId, headers: securityHeaders(guard) };
  return (req, res, next) => {
    // A peer that breaks the connection in the middle is no fault of the server's.
    req.on("error", ignore);
    res.on("error", ignore);
    if (options.passOn?.(req, res, splitUrl(req, options.basePath)?.path ?? "/") === true) return;
    // A body that came with its head is there, and known to be whole, once the parser is done with what it was given:
    // at the end of this turn of the event loop it needs neither a deadline nor events.
    if (next !== undefined) return void handle(options, common, req, res, { next });
    const begin = (refused?: TidingsError): Promise<void> => handle(options, common, req, res, { refused });
    if (pipelines.isAhead(res)) pipelines.wait(req, res, begin);
    else if (hasBody(req)) setImmediate(() => void begin());
    else void begin();
  };
}

function ignore(): void {}

interface Circumstances {
  /** Of an app that mounts the handler. */
  readonly next?: (error?: unknown) => void;
  /** Why it is refused before anything of it is looked at. */
  readonly refused?: TidingsError | undefined;
}

async function handle(
  options: HandlerOptions,
  common: AnswerOptions,
  req: IncomingMessage,
  res: ServerResponse,
  { next, refused }: Circumstances = {},
): Promise<void> {
  const { router, guard, auth, sockets, refusals, addresses, basePath, requestTimeoutMs, toError } = options;
  const method = req.method ?? "GET";
  const answer = new Answer(method, common);
  if (res instanceof OwnResponse) res.answer = answer;
  res.on("close", () => {
    answer.over(res.statusCode);
    BodyDeadline.of(req)?.leave();
  });
  let access = OPEN_ACCESS;
  let name: string | undefined;
  try {
    const url = splitUrl(req, basePath);
    // Before anything is checked: what is for the app's other routes is for them to judge.
    if (next !== undefined && (url === undefined || router.allowed(url.path) === "")) return next();
    if (!(res instanceof OwnResponse)) dress(res, answer);
    if (refused !== undefined) throw refused;
    BodyDeadline.watch(req, res, requestTimeoutMs);
    const whyOver = sockets.whyOver(req.socket);
    // Whatever it asks for: there is no room to keep it.
    if (whyOver !== undefined) res.shouldKeepAlive = false;
    checkRequest(req, guard);
    if (applyCors(req, res, guard)) return;
    if (url === undefined)
      throw new TidingsError("NOT_FOUND", `there is nothing here; Tidings is at ${basePath}/.`);
    const { path, query } = url;
    if (method === "OPTIONS" && router.allowed(path) !== "")
      return void res.writeHead(204, { Allow: `${router.allowed(path)}, OPTIONS` }).end();
    const found = router.find(method, path);
    answer.pattern = found.pattern;
    const { rule } = found;
    name = found.name;
    // Health and administration are for those who want to know why.
    if (whyOver !== undefined && rule !== "anyone" && rule !== "server") throw whyOver;
    if (auth !== undefined && rule !== "anyone") {
      const entering = auth.gate.enter(req, query, false);
      access = entering instanceof Promise ? await entering : entering;
      const waits = authorize(access, rule, name);
      if (waits !== undefined) await waits;
    }
    await found.route({ req, res, query, name, access });
  } catch (caught) {
    const error = toError(caught, answer.id);
    refusals.count(error.code, () => ({
      message: error.message,
      method,
      route: answer.pattern,
      ...(name !== undefined && NAMED.test(answer.pattern) ? { channel: name } : {}),
      address: addresses.of(req),
      identity: access.identity,
      request: answer.id,
    }));
    const isMethod = error.code === "METHOD_NOT_ALLOWED";
    const path = splitUrl(req, basePath)?.path ?? "/";
    sendProblem(res, error, isMethod ? { Allow: `${router.allowed(path)}, OPTIONS` } : {});
  }
}

/** Of an app's own server, whose responses are not ours. */
function dress(res: ServerResponse, { headers }: Answer): void {
  for (let at = 0; at < headers.length; at += 2)
    res.setHeader(headers[at] as string, headers[at + 1] as string);
}
