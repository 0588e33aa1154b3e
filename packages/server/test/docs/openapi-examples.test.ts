import { sorted } from "@tidings/testing/docs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { EXAMPLE_CONNECTION, EXAMPLE_EPOCH, EXAMPLE_TIME } from "../../src/http/openapi/examples.ts";
import { api, type Media, operationsOf } from "./support/openapi.ts";
import { readUntil, startServer } from "./support/server.ts";

const CHANNEL = "/channels/builds/1";

test("every example of the OpenAPI document is what a running server takes and answers", async () => {
  await using server = await startServer();
  const replay = new Replay(server.url);
  const channel = "/channels/{channel}";

  await replay.send("POST", channel, CHANNEL, { body: "json", answers: "one" });
  await replay.send("POST", channel, `${CHANNEL}?event=stdout`, { body: "text", answers: undefined });
  await replay.send("GET", "/channels", "/channels", { answers: "list" });
  await replay.send("GET", channel, CHANNEL, { answers: "page" });
  await replay.send("GET", channel, `${CHANNEL}?since=old.7`, { answers: "afterGap" });
  await replay.send("GET", channel, `${CHANNEL}?since=old.7&gap=fail`, { answers: "gone" });
  await replay.send("GET", channel, `${CHANNEL}?since=latest&wait=0.05`, { answers: "longPollTimeout" });
  await replay.send("GET", channel, `${CHANNEL}?since=earliest`, {
    accept: "text/event-stream",
    answers: "stream",
  });
  await replay.send("GET", channel, `${CHANNEL}?since=earliest`, {
    accept: "application/x-ndjson",
    answers: "stream",
  });
  await replay.send("GET", "/connect", "/connect?channel=builds/1&channel=builds/2", { answers: "page" });
  await replay.send("GET", "/connect", "/connect?channel=builds/1&last=1", {
    accept: "text/event-stream",
    answers: "stream",
  });
  await replay.send("GET", "/connect", "/connect?channel=builds/1&last=1", {
    accept: "application/x-ndjson",
    answers: "stream",
  });
  await replay.send("POST", "/connect", "/connect", { body: "page", answers: "page" });
  for (const accept of ["text/event-stream", "application/x-ndjson"])
    await replay.send("POST", "/connect", "/connect", { body: "stream", accept, answers: "stream" });
  await replay.send("POST", "/connect", "/connect?wait=0", {
    body: "stream",
    accept: "application/x-ndjson",
    answers: "poll",
  });
  await replay.send("POST", channel, CHANNEL, { body: "batch", answers: "batch" });
  await replay.send("POST", channel, `${CHANNEL}?ephemeral`, { body: "json", answers: "passed" });
  await replay.send("POST", channel, CHANNEL, { body: "json", key: "once", answers: undefined });
  await replay.send("POST", channel, CHANNEL, { body: "json", key: "once", answers: "again" });
  await replay.patch();
  const presence = "/presence/{channel}";
  await replay.send("PUT", presence, "/presence/chat/lobby?member=ada", { body: "state", answers: "joined" });
  await replay.send("PUT", presence, "/presence/chat/lobby?member=ada", {
    body: "state",
    answers: "renewed",
  });
  await replay.send("GET", presence, "/presence/chat/lobby", { answers: "list" });
  await replay.send("GET", "/", "/", { answers: "about" });
  await replay.send("GET", "/healthz", "/healthz", { answers: "alive" });
  await replay.send("GET", "/readyz", "/readyz", { answers: "ready" });

  expect(sorted([...replay.shown])).toEqual(sorted(allExamples()));
});

test("every example of the OpenAPI document fits the schema that it stands beside", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(api, "api");
  for (const { name, media } of examplesOf()) {
    for (const { value } of Object.values(media.examples ?? {})) {
      const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"api#/')) as object;
      const isValid = ajv.validate(schema, value);
      expect(isValid, `${name}: ${ajv.errorsText()}`).toBe(true);
    }
  }
});

interface Sending {
  /** The name of the request's example. */
  readonly body?: string;
  readonly accept?: string;
  /** Sent as `Idempotency-Key`. */
  readonly key?: string;
  /** The name of the answer's example; `undefined` where the answer is shown by another one. */
  readonly answers: string | undefined;
}

/** Sends the examples, and remembers which were shown to be true. */
class Replay {
  readonly shown = new Set<string>();
  readonly #url: string;
  #epoch = "";

  constructor(url: string) {
    this.#url = url;
  }

  async send(
    method: string,
    path: string,
    url: string,
    { body, accept = "application/json", key, answers }: Sending,
  ): Promise<void> {
    const request = body === undefined ? undefined : this.#request(method, path, body);
    const response = await fetch(this.#url + url, {
      method,
      headers: {
        accept,
        ...(request === undefined ? {} : { "content-type": request.type }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      ...(request === undefined ? {} : { body: request.text }),
    });
    const text =
      accept === "application/json"
        ? await response.text()
        : await readUntil(response, (each) => /caught-up[^]*\n\n?$/.test(each) && isWhole(each, method, url));
    this.#epoch ||= /"cursor":"([a-z0-9]+)\./.exec(text)?.[1] ?? "";
    if (answers === undefined) return;
    const type = response.headers.get("content-type")?.split(";")[0] as string;
    const id = `${method} ${path} ${response.status} ${type} ${answers}`;
    const expected = operation(method, path).responses[response.status]?.content?.[type]?.examples?.[answers];
    expect(expected, id).toBeDefined();
    const normal = this.#normal(text);
    expect(type.endsWith("json") && !type.includes("x-ndjson") ? JSON.parse(normal) : normal, id).toEqual(
      expected?.value,
    );
    this.shown.add(id);
  }

  /** The example of `PATCH`, on a connection that is open. */
  async patch(): Promise<void> {
    const stop = new AbortController();
    const stream = await fetch(`${this.#url}/connect?channel=builds/1`, {
      headers: { accept: "application/x-ndjson" },
      signal: stop.signal,
    });
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const welcome = new TextDecoder().decode((await reader.read()).value);
    const id = /"connection":"([^"]+)"/.exec(welcome)?.[1] as string;
    await this.send("PATCH", "/connections/{connection}", `/connections/${id}`, {
      body: "patch",
      answers: "patched",
    });
    stop.abort();
  }

  #request(method: string, path: string, name: string): { readonly type: string; readonly text: string } {
    const content = operation(method, path).requestBody?.content ?? {};
    for (const [type, { examples }] of Object.entries(content)) {
      const example = examples?.[name];
      if (example === undefined) continue;
      this.shown.add(`${method} ${path} request ${type} ${name}`);
      const { value } = example;
      return { type, text: type === "application/json" ? JSON.stringify(value) : String(value) };
    }
    throw new Error(`${method} ${path} has no example ${name}`);
  }

  #normal(text: string): string {
    return (
      text
        .replaceAll(`${this.#epoch}.`, `${EXAMPLE_EPOCH}.`)
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, EXAMPLE_TIME)
        .replaceAll(/"connection":"[^"]+"/g, `"connection":"${EXAMPLE_CONNECTION}"`)
        .replaceAll(/retry: \d+/g, "retry: 1787")
        .replaceAll(/"travelMs":[\d.]+/g, '"travelMs":1.3')
        // Where the writes of a connection fall is not promised; that its position comes after each is.
        .replaceAll(/^id: [^\n]+@[^\n]+\n\n(?=.)/gms, "")
    );
  }
}

/** Whether a stream's text ends where its example does: on `GET /connect`, SSE adds the position after the last frame. */
function isWhole(text: string, method: string, url: string): boolean {
  const hasPosition = method === "GET" && url.startsWith("/connect") && text.startsWith("retry");
  return !hasPosition || /caught-up[^]*\nid: [^\n]+\n\n$/.test(text);
}

function operation(method: string, path: string): ReturnType<typeof operationsOf>[number]["operation"] {
  const found = operationsOf(api).find((each) => each.method === method && each.path === path);
  if (found === undefined) throw new Error(`there is no ${method} ${path}`);
  return found.operation;
}

function examplesOf(): { readonly name: string; readonly media: Media }[] {
  return operationsOf(api).flatMap(({ method, path, operation: { requestBody, responses } }) => [
    ...Object.entries(requestBody?.content ?? {}).map(([type, media]) => ({
      name: `${method} ${path} request ${type}`,
      media,
    })),
    ...Object.entries(responses).flatMap(([status, { content }]) =>
      Object.entries(content ?? {}).map(([type, media]) => ({
        name: `${method} ${path} ${status} ${type}`,
        media,
      })),
    ),
  ]);
}

function allExamples(): string[] {
  return examplesOf().flatMap(({ name, media }) =>
    Object.keys(media.examples ?? {}).map((example) => `${name} ${example}`),
  );
}
