import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { ErrorCode } from "@tidings/protocol";
import { expect, test } from "vitest";
import { api, codesOf, operationsOf } from "./support/openapi.ts";
import { startServer } from "./support/server.ts";

interface Fault {
  readonly code: ErrorCode;
  readonly method: string;
  /** The operation's path in the document. */
  readonly path: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const CHANNEL = "/channels/{channel}";
const json = { "content-type": "application/json" };
const upgrade = { connection: "upgrade", upgrade: "websocket" };

const FAULTS: readonly Fault[] = [
  { code: "CHANNEL_NAME_INVALID", method: "GET", path: CHANNEL, url: "/channels/a//b" },
  { code: "CURSOR_INVALID", method: "GET", path: CHANNEL, url: "/channels/a?since=nonsense" },
  {
    code: "CURSOR_INVALID",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a",
    headers: { "last-event-id": "nonsense" },
  },
  { code: "EVENT_NAME_INVALID", method: "GET", path: CHANNEL, url: "/channels/a?event=tidings.gap" },
  { code: "QUERY_INVALID", method: "GET", path: CHANNEL, url: "/channels/a?sinse=latest" },
  {
    code: "NOT_ACCEPTABLE",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a",
    headers: { accept: "image/png" },
  },
  { code: "CURSOR_GONE", method: "GET", path: CHANNEL, url: "/channels/a?since=old.7&gap=fail" },
  {
    code: "CURSOR_GONE",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a?since=old.7&gap=fail",
    headers: { accept: "text/event-stream" },
  },
  { code: "UPGRADE_INVALID", method: "GET", path: CHANNEL, url: "/channels/a", headers: upgrade },
  {
    code: "HOST_FORBIDDEN",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a",
    headers: { host: "elsewhere.example" },
  },
  {
    code: "ORIGIN_FORBIDDEN",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a",
    headers: { origin: "https://elsewhere.example" },
  },
  { code: "URL_TOO_LONG", method: "GET", path: CHANNEL, url: `/channels/${"a".repeat(25_000)}` },
  {
    code: "HEADERS_TOO_LARGE",
    method: "GET",
    path: CHANNEL,
    url: "/channels/a",
    headers: { x: "x".repeat(70_000) },
  },
  { code: "CHANNEL_NAME_INVALID", method: "HEAD", path: CHANNEL, url: "/channels/a//b" },
  {
    code: "QUERY_INVALID",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a?nonsense",
    headers: json,
    body: "1",
  },
  {
    code: "HEADER_INVALID",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a",
    headers: { ...json, "if-match": "nonsense" },
    body: "1",
  },
  {
    code: "EVENT_NAME_INVALID",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a?event=tidings.gap",
    headers: json,
    body: "1",
  },
  { code: "KEY_INVALID", method: "POST", path: CHANNEL, url: "/channels/a?key=", headers: json, body: "1" },
  { code: "BODY_INVALID", method: "POST", path: CHANNEL, url: "/channels/a", headers: json, body: "{" },
  { code: "CHANNEL_RESERVED", method: "POST", path: CHANNEL, url: "/channels/$a", headers: json, body: "1" },
  {
    code: "PUBLISH_FORBIDDEN",
    method: "POST",
    path: CHANNEL,
    url: "/channels/ours",
    headers: json,
    body: "1",
  },
  {
    code: "CONFLICT",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a",
    headers: { ...json, "if-match": '"old.7"' },
    body: "1",
  },
  {
    code: "MESSAGE_TOO_LARGE",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a?inline",
    headers: json,
    body: `"${"x".repeat(1_000)}"`,
  },
  {
    code: "BATCH_TOO_LARGE",
    method: "POST",
    path: CHANNEL,
    url: "/channels/a",
    headers: { "content-type": "application/x-ndjson" },
    body: '{"data":1}\n'.repeat(5),
  },
  { code: "CONTENT_TYPE_UNSUPPORTED", method: "POST", path: CHANNEL, url: "/channels/a", body: "1" },
  { code: "CURSOR_INVALID", method: "DELETE", path: CHANNEL, url: "/channels/a?through=old.7" },
  { code: "CHANNEL_RESERVED", method: "DELETE", path: CHANNEL, url: "/channels/$a" },
  { code: "QUERY_INVALID", method: "GET", path: "/channels", url: "/channels?limit=0" },
  {
    code: "TOO_MANY_CHANNELS",
    method: "GET",
    path: "/connect",
    url: "/connect?channel=a&channel=b&channel=c",
  },
  {
    code: "POSITION_TOO_LARGE",
    method: "GET",
    path: "/connect",
    url: "/connect?channel=a&channel=b",
    headers: { accept: "text/event-stream" },
  },
  { code: "CURSOR_INVALID", method: "GET", path: "/connect", url: "/connect?channel=a@nonsense" },
  {
    code: "NOT_ACCEPTABLE",
    method: "GET",
    path: "/connect",
    url: "/connect",
    headers: { accept: "text/html" },
  },
  { code: "BODY_INVALID", method: "POST", path: "/connect", url: "/connect", headers: json, body: "{" },
  { code: "QUERY_INVALID", method: "POST", path: "/connect", url: "/connect?since=latest", headers: json },
  { code: "CONTENT_TYPE_UNSUPPORTED", method: "POST", path: "/connect", url: "/connect", body: "{}" },
  {
    code: "NOT_ACCEPTABLE",
    method: "POST",
    path: "/connect",
    url: "/connect",
    headers: { ...json, accept: "text/html" },
    body: "{}",
  },
  {
    code: "TOO_MANY_CHANNELS",
    method: "POST",
    path: "/connect",
    url: "/connect",
    headers: json,
    body: '{"subscribe":[{"channel":"a"},{"channel":"b"},{"channel":"c"}]}',
  },
  {
    code: "CURSOR_GONE",
    method: "POST",
    path: "/connect",
    url: "/connect",
    headers: json,
    body: '{"subscribe":[{"channel":"a","since":"old.7","gap":"fail"}]}',
  },
  {
    code: "PRESENCE_INVALID",
    method: "POST",
    path: "/connect",
    url: "/connect",
    headers: { ...json, accept: "application/x-ndjson" },
    body: '{"join":[{"channel":"a","member":""}]}',
  },
  {
    code: "BATCH_TOO_LARGE",
    method: "POST",
    path: "/connect",
    url: "/connect",
    headers: json,
    body: " ".repeat(1_048_577),
  },
  {
    code: "CONNECTION_UNKNOWN",
    method: "PATCH",
    path: "/connections/{connection}",
    url: "/connections/nonsense",
    body: "{}",
  },
];

test("what a fault is answered with is named by the operation that it happened in", async () => {
  await using server = await startServer({
    limits: { maxMessageBytes: 100, maxBatchMessages: 4, maxChannelsPerConnection: 2, maxPositionBytes: 100 },
    policies: [{ pattern: "ours", publish: "server" }],
  });
  for (const fault of FAULTS) {
    const { status, code } = await ask(server.url, fault);
    const name = `${fault.method} ${fault.url.slice(0, 60)}`;
    // An answer to HEAD has no body to name the code in.
    if (fault.method !== "HEAD") expect(code, name).toBe(fault.code);
    const operation = operationsOf(api).find(
      ({ method, path }) => method === fault.method && path === fault.path,
    )?.operation;
    expect(codesOf(operation?.responses[status] ?? {}), name).toContain(fault.code);
  }
});

async function ask(
  base: string,
  { method, url, headers = {}, body }: Fault,
): Promise<{ status: number; code: unknown }> {
  // Not fetch, which would not send such a Host or handshake.
  const asked = request(base + url, { method, headers, agent: false });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const { code } = (text === "" ? {} : JSON.parse(text)) as { code?: unknown };
  return { status: response.statusCode ?? 0, code };
}
