import type { IncomingMessage, ServerResponse } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";
import type { Call, Caller, CallRequest, Fault, Outcome } from "../commands/index.ts";
import { checkAny } from "./authorize.ts";
import { readBody, requireJson } from "./body.ts";
import { negotiate } from "./negotiate.ts";
import { sendDocument, sendJson } from "./problem.ts";
import { readIdempotencyKey } from "./publish.ts";
import { checkNames, invalid, readCount } from "./query.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

/** An address can be a proxy's or a whole office's, so it may have more than one connection may. */
const CALLERS_PER_ADDRESS = 16;
const HEARTBEAT = '{"type":"heartbeat"}\n';

/** Who calls over HTTP, by address, for as long as any of its commands is being worked on. */
export class HttpCallers {
  readonly #callers = new Map<string, Caller>();
  readonly #maxInFlight: number;

  constructor(maxCommandsInFlight: number) {
    this.#maxInFlight = maxCommandsInFlight * CALLERS_PER_ADDRESS;
  }

  of(address: string): Caller {
    const known = this.#callers.get(address);
    if (known !== undefined) return known;
    this.#forgetIdle();
    const caller: Caller = { transport: "rest", maxInFlight: this.#maxInFlight, inFlight: 0 };
    this.#callers.set(address, caller);
    return caller;
  }

  /** Now and then, so that each new address does not go through all of them. */
  #forgetIdle(): void {
    if (this.#callers.size % 1_024 !== 1_023) return;
    for (const [address, { inFlight }] of this.#callers) if (inFlight === 0) this.#callers.delete(address);
  }
}

/** `GET /commands`: what can be called here. */
export function serveCommandList({ commands }: Services, { res, query, access }: Exchange): void {
  checkAny(access, "command");
  checkNames(query, []);
  sendJson(res, 200, { commands: commands.registry.list() });
}

/** `POST /commands/{name}`: the answer as JSON, or lines of progress ahead of it. */
export async function serveCommand(
  services: Services,
  callers: HttpCallers,
  { req, res, name, query, access }: Exchange,
): Promise<void> {
  const { commands, limits } = services;
  checkNames(query, ["timeout", "timeoutMs", "idempotencyKey"]);
  const kind = negotiate(req, ["json", "ndjson"]);
  const timeoutMs = readTimeout(query);
  const idempotencyKey = readIdempotencyKey(req, query);
  // Before the body is taken in: what is not there need not be sent.
  commands.registry.find(name);
  const input = await readInput(req, limits.maxCommandBytes);
  if (res.destroyed) return;
  // Its input may have taken its time.
  services.auth?.sessions.check(access);
  const waitMs = Math.min(timeoutMs ?? limits.maxCommandTimeoutMs, limits.maxCommandTimeoutMs);
  // A command may be quiet for longer than a socket may be idle. Node sets the time anew for the next request.
  req.socket.setTimeout(waitMs + limits.requestTimeoutMs);
  const caller = callers.of(services.addresses.networkOf(req));
  const request = { name, input, timeoutMs, idempotencyKey, caller, who: access.identity };
  if (kind === "ndjson") answerLines(services, res, request);
  else answerOnce(services, res, request);
}

function answerOnce({ commands }: Services, res: ServerResponse, request: Omit<CallRequest, "onDone">): void {
  const call = commands.call({ ...request, onDone: (outcome) => sendOutcome(res, outcome) });
  goneWith(res, call);
}

function sendOutcome(res: ServerResponse, outcome: Outcome): void {
  if (!outcome.ok) return sendFault(res, outcome.fault);
  const { json } = outcome;
  if (json === undefined) return void res.writeHead(204, { "Cache-Control": "no-store" }).end();
  const headers = {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json),
    "Cache-Control": "no-store",
  };
  res.writeHead(200, headers).end(json);
}

function sendFault(res: ServerResponse, fault: Fault): void {
  const { code, title, status, message: detail, retryable, data, isOwn } = fault;
  const type = `urn:tidings:${isOwn ? "command" : "problem"}:${code}`;
  const head = JSON.stringify({ type, title, status, detail, code, retryable });
  // Its data is JSON already.
  sendDocument(res, status, data === undefined ? head : `${head.slice(0, -1)},"data":${data}}`);
}

/** A streamed answer: its head at once, a line for each part, heartbeats while there is none, and a last line. */
function answerLines(
  { commands }: Services,
  res: ServerResponse,
  request: Omit<CallRequest, "onDone">,
): void {
  let isOver = false;
  let room: PromiseWithResolvers<void> | undefined;
  const resume = (): void => {
    room?.resolve();
    room = undefined;
  };
  const begin = (): void => {
    if (res.headersSent) return;
    res.writeHead(200, {
      "Content-Type": "application/x-ndjson",
      "Cache-Control": "no-store, no-transform",
      // nginx would hold the lines back to fill its buffer.
      "X-Accel-Buffering": "no",
    });
    res.flushHeaders();
  };
  const beat = (): void => {
    if (!res.writableNeedDrain) res.write(HEARTBEAT);
  };
  res.on("drain", resume);
  res.on("close", () => {
    isOver = true;
    commands.heartbeats.delete(beat);
    resume();
  });
  const call = commands.call({
    ...request,
    onProgress: (json) => {
      begin();
      if (isOver) return;
      if (!res.writableNeedDrain) return void res.write(`{"type":"progress","data":${json}}\n`);
      room ??= Promise.withResolvers<void>();
      return room.promise.then(() => {
        if (!isOver) res.write(`{"type":"progress","data":${json}}\n`);
      });
    },
    onDone: (outcome) => {
      begin();
      commands.heartbeats.delete(beat);
      if (!isOver) res.end(`${outcomeLine(outcome)}\n`);
    },
  });
  goneWith(res, call);
  begin();
  if (!res.writableEnded) commands.heartbeats.add(beat);
}

/** An outcome as an object: a frame's where there is an id. */
export function outcomeLine(outcome: Outcome, id?: string): string {
  const about = id === undefined ? {} : { id };
  const [head, data] = outcome.ok
    ? [{ type: "ok", ...about }, outcome.json]
    : [
        {
          type: "error",
          ...about,
          code: outcome.fault.code,
          message: outcome.fault.message,
          retryable: outcome.fault.retryable,
        },
        outcome.fault.data,
      ];
  const json = JSON.stringify(head);
  // JSON of a backend may stand on several lines; within its strings there is no bare line end (RFC 8259 §7).
  return data === undefined ? json : `${json.slice(0, -1)},"data":${data.replaceAll(/[\r\n]+/g, " ")}}`;
}

function goneWith(res: ServerResponse, call: Call): void {
  res.once("close", () => call.gone());
}

/** `?timeout=SECONDS`, or `?timeoutMs=` as in the frame. More than the server allows is cut to what it does. */
function readTimeout(query: URLSearchParams): number | undefined {
  const ms = query.get("timeoutMs");
  if (ms !== null) return readCount("timeoutMs", ms, 1, Number.MAX_SAFE_INTEGER);
  const given = query.get("timeout");
  if (given === null) return undefined;
  if (!/^[0-9]{1,6}(?:\.[0-9]{1,3})?$/.test(given) || Number(given) === 0)
    throw invalid("timeout", `"timeout" is ${quote(given)}; it must be seconds above 0, such as 30.`);
  return Number(given) * 1_000;
}

/** JSON, or nothing. */
async function readInput(req: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const body = await readBody(req, maxBytes, "MESSAGE_TOO_LARGE");
  if (body.length === 0) return undefined;
  requireJson(req, "a command's input");
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new TidingsError(
      "BODY_INVALID",
      `the body is not JSON in UTF-8 (${reason}). Nothing was called.`,
      {},
      cause,
    );
  }
  return body;
}
