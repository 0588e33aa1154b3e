import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { openServer } from "../support/logs.ts";
import { bodyOf, openBackend, until } from "./support.ts";

const KEY = Buffer.from("0123456789abcdef0123456789abcdef");
const SECRET = `whsec_${KEY.toString("base64")}`;

type Listener = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

async function call(
  listener: Listener,
  body = "{}",
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const backend = await openBackend(listener);
  await using _closed = backend;
  await using server = await openServer({
    commands: [{ pattern: "evals.*", url: backend.url, secret: SECRET }],
    limits: { maxCommandBytes: 10_000 },
  });
  const response = await fetch(`${server.url}/commands/evals.stop`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  return new Response(response.status === 204 ? null : text, { status: response.status });
}

test("a backend gets the input byte for byte, signed, and its JSON is the answer byte for byte", async () => {
  const input = '{ "id":12345678901234567890,\n "a":1.0 }';
  const response = await call(async (req, res) => {
    const body = await bodyOf(req);
    const { headers } = req;
    expect(body.toString()).toBe(input);
    expect(headers["tidings-command"]).toBe("evals.stop");
    const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body.toString()}`;
    const mac = createHmac("sha256", KEY).update(signed).digest("base64");
    const isSigned = headers["webhook-signature"] === `v1,${mac}`;
    res
      .writeHead(200, { "content-type": "application/json" })
      .end(`{"signed":${isSigned}, "id":12345678901234567890}`);
  }, input);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('{"signed":true, "id":12345678901234567890}');
});

test.each([
  ["nothing", 204, {}, "", 204, undefined],
  [
    "a problem",
    409,
    { "content-type": "application/problem+json" },
    '{"code":"BUSY","detail":"later","data":1}',
    409,
    "BUSY",
  ],
  [
    "a problem without a code",
    403,
    { "content-type": "application/problem+json" },
    '{"detail":"no"}',
    403,
    "HTTP_403",
  ],
  [
    "a problem with a code of the server's",
    400,
    { "content-type": "application/problem+json" },
    '{"code":"INTERNAL"}',
    400,
    "HTTP_400",
  ],
  ["a redirect", 302, { location: "http://127.0.0.1:1/" }, "", 500, "COMMAND_FAILED"],
  ["a page", 200, { "content-type": "text/html" }, "<p>", 500, "COMMAND_FAILED"],
  ["JSON that is none", 200, { "content-type": "application/json" }, "{", 500, "COMMAND_FAILED"],
  ["too much", 200, { "content-type": "application/json" }, `"${"x".repeat(10_000)}"`, 500, "COMMAND_FAILED"],
  ["a fault of a proxy", 502, { "content-type": "text/html" }, "<p>", 502, "COMMAND_UNAVAILABLE"],
  [
    "lines without an end",
    200,
    { "content-type": "application/x-ndjson" },
    '{"type":"progress","data":1}\n',
    502,
    "COMMAND_UNAVAILABLE",
  ],
  [
    "a line that is none",
    200,
    { "content-type": "application/x-ndjson" },
    "nonsense\n",
    500,
    "COMMAND_FAILED",
  ],
  [
    "lines and an error",
    200,
    { "content-type": "application/x-ndjson" },
    '{"type":"error","code":"OWN","message":"m"}\n',
    422,
    "OWN",
  ],
])("what answers %s is told as what it is", async (_, status, headers, body, told, code) => {
  const response = await call(
    (_req, res) => void res.writeHead(status, headers as Record<string, string>).end(body),
  );
  expect(response.status).toBe(told);
  if (code !== undefined) expect(await response.json()).toMatchObject({ code });
});

test("a backend that is away for a moment is tried again only where the call has an idempotency key", async () => {
  let tries = 0;
  const flaky: Listener = (_req, res) => {
    tries++;
    if (tries % 3 === 0) res.writeHead(200, { "content-type": "application/json" }).end("3");
    else if (tries % 3 === 1) res.destroy();
    else res.writeHead(503).end();
  };
  expect((await call(flaky)).status).toBe(502);
  expect(tries).toBe(1);
  tries = 0;
  expect((await call(flaky, "{}", { "idempotency-key": "k" })).status).toBe(200);
  expect(tries).toBe(3);
});

test("a backend's lines are passed on as they come, and its request is aborted when the caller goes", async () => {
  let isAborted = false;
  await using backend = await openBackend((_req, res) => {
    res.on("close", () => (isAborted = true));
    res.writeHead(200, { "content-type": "application/x-ndjson" }).write('{"type":"progress","data":1.0}\n');
  });
  await using server = await openServer({ commands: [{ pattern: "**", url: backend.url }] });
  const gone = new AbortController();
  const response = await fetch(`${server.url}/commands/long.one`, {
    method: "POST",
    headers: { accept: "application/x-ndjson" },
    signal: gone.signal,
  });
  const part = await response.body?.getReader().read();
  expect(Buffer.from(part?.value ?? []).toString()).toBe('{"type":"progress","data":1.0}\n');
  gone.abort();
  await until(() => isAborted);
});
