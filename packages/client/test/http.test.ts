import { describe, expect, test } from "vitest";
import { TidingsError } from "../src/errors.ts";
import type { FetchRequest } from "../src/types.ts";
import { contextOf } from "./support/fakes.ts";
import { answer, type Fault, openFront, openServer, silence } from "./support/front.ts";

const failed = async (work: Promise<unknown>): Promise<TidingsError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TidingsError);
  return error as TidingsError;
};

describe("a request", () => {
  test("carries the credential and the headers of the options, and its own above them", async () => {
    await using front = await openFront();
    front.faults.push(answer(200));
    const { http } = contextOf(front.url, { token: () => "t1", headers: { "x-app": "a", "x-own": "app" } });
    await http("/channels/a", {
      headers: { accept: "application/json", "x-own": "request", "x-none": undefined },
    });
    expect(front.seen[0]).toMatchObject({
      method: "GET",
      url: "/channels/a",
      headers: { authorization: "Bearer t1", "x-app": "a", "x-own": "request", accept: "application/json" },
    });
    expect(front.seen[0]?.headers).not.toHaveProperty("x-none");
  });

  test("with JSON is a POST of it", async () => {
    await using front = await openFront();
    front.faults.push(({ res, body }) => res.end(body));
    const response = await contextOf(front.url).http("/connect", { json: { subscribe: [] } });
    expect(await response.json()).toEqual({ subscribe: [] });
    expect(front.seen[0]).toMatchObject({ method: "POST", headers: { "content-type": "application/json" } });
  });

  // Node.js takes a Blob for a stream, at more than the cost of the request.
  test("with JSON is sent as text", async () => {
    let sent: unknown;
    const fetch = async (_: string, { body }: FetchRequest): Promise<Response> => {
      sent = body;
      return Promise.resolve(new Response());
    };
    await contextOf("http://127.0.0.1:1", { fetch }).http("/", { json: 0 });
    expect(sent).toBe("0");
  });

  test("uses the fetch of the options, called as a function", async () => {
    let self: unknown = "none";
    const own = function (this: unknown): Promise<Response> {
      // oxlint-disable-next-line typescript/no-this-alias -- what a browser's fetch looks at
      self = this;
      return Promise.resolve(new Response("own"));
    };
    const response = await contextOf("http://127.0.0.1:1", { fetch: own }).http("/");
    expect(await response.text()).toBe("own");
    expect(self).toBeUndefined();
  });

  test("304 is an answer", async () => {
    await using front = await openFront();
    front.faults.push(answer(304));
    expect((await contextOf(front.url).http("/")).status).toBe(304);
  });

  test("a header that cannot be said is thrown as what it is, and never sent", async () => {
    await using front = await openFront();
    await expect(contextOf(front.url).http("/", { headers: { "x-bad": "a\nb" } })).rejects.toThrow(TypeError);
    expect(front.seen).toEqual([]);
  });
});

describe("what the server refuses", () => {
  test("is its problem: code, sentence, retryable, status and what else it tells", async () => {
    await using server = await openServer();
    const { http } = contextOf(server.url);
    await http("/channels/a", { json: 1 });
    const error = await failed(http("/channels/a", { json: 2, headers: { "if-match": '"nope.7"' } }));
    expect(error).toMatchObject({ code: "CONFLICT", status: 412, retryable: false });
    expect(error.message).toContain('"a"');
    expect(error.data).toMatchObject({ head: expect.stringMatching(/\.1$/) as string });
    const gone = await failed(http("/channels/a?since=other.1&gap=fail"));
    expect(gone).toMatchObject({ code: "CURSOR_GONE", data: { gap: { reason: "epoch", from: "other.1" } } });
  });

  test.each([
    [503, true],
    [403, false],
  ])("%i whose problem does not say whether it passes: %s", async (status, retryable) => {
    await using front = await openFront();
    front.faults.push(
      answer(status, { "content-type": "application/problem+json" }, { code: "OUT_OF_ORDER" }),
    );
    const error = await failed(contextOf(front.url).http("/"));
    expect(error).toMatchObject({ code: "OUT_OF_ORDER", retryable, status });
  });

  test("a command's own data stands alone", async () => {
    await using front = await openFront();
    const problem = { code: "OUT_OF_STOCK", detail: "none left", retryable: true, data: { left: 0 } };
    front.faults.push(answer(422, { "content-type": "application/problem+json" }, problem));
    expect(await failed(contextOf(front.url).http("/"))).toMatchObject({
      code: "OUT_OF_STOCK",
      message: "none left",
      retryable: true,
      status: 422,
      data: { left: 0 },
    });
  });

  test.each([
    ["4", 4_000],
    ["0", undefined],
    ["-3", undefined],
    ["100000000", 300_000],
    ["soon", undefined],
    ["Thu, 01 Jan 1970 00:00:00 GMT", undefined],
    ["Thu, 01 Jan 2970 00:00:00 GMT", 300_000],
  ])("Retry-After: %s is %s milliseconds", async (header, ms) => {
    await using front = await openFront();
    front.faults.push(answer(503, { "retry-after": header }));
    const error = await failed(contextOf(front.url).http("/"));
    expect(error).toMatchObject({ code: "UNREACHABLE", retryable: true, status: 503 });
    expect(error.retryAfterMs).toBe(ms);
  });

  test("Retry-After as a date is from now (RFC 9110 §10.2.3)", async () => {
    await using front = await openFront();
    front.faults.push(answer(429, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }));
    const { retryAfterMs = 0 } = await failed(contextOf(front.url).http("/"));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test.each([
    [408, "UNREACHABLE", true],
    [429, "UNREACHABLE", true],
    [502, "UNREACHABLE", true],
    [503, "UNREACHABLE", true],
    [504, "UNREACHABLE", true],
    [500, "UNREACHABLE", true],
    [521, "UNREACHABLE", true],
    [403, "TRANSPORT_BLOCKED", true],
    [404, "TRANSPORT_BLOCKED", true],
  ])("%i without a problem, from somebody who stands between, is %s", async (status, code, retryable) => {
    for (const body of ["<html>sorry</html>", "", "null", "[1]", '"text"', '{"message":"no"}']) {
      await using front = await openFront();
      front.faults.push(answer(status, {}, body));
      expect(await failed(contextOf(front.url).http("/"))).toMatchObject({ code, retryable, status });
    }
  });
});

describe("a server that is not there", () => {
  test("is UNREACHABLE, with the cause", async () => {
    const error = await failed(contextOf("http://127.0.0.1:9").http("/"));
    expect(error).toMatchObject({ code: "UNREACHABLE", retryable: true });
    expect(error.status).toBeUndefined();
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("or that does not answer in time", async () => {
    await using front = await openFront();
    front.faults.push(silence);
    const error = await failed(contextOf(front.url, {}, { requestMs: 50 }).http("/"));
    expect(error).toMatchObject({ code: "UNREACHABLE", retryable: true });
  });

  test("or whose body stalls: reading it ends with the time", async () => {
    await using front = await openFront();
    front.faults.push(({ res }) => res.writeHead(200).write("half of it"));
    const { http } = contextOf(front.url, {}, { requestMs: 100 });
    await expect(http("/").then((response) => response.text())).rejects.toThrow();
  });

  test("without a time the answer is there with its head, and its body may go on", async () => {
    await using front = await openFront();
    front.faults.push(({ res }) => {
      res.writeHead(200).write("a");
      setTimeout(() => res.end("b"), 150);
    });
    const response = await contextOf(front.url, {}, { requestMs: 100 }).http("/", { timeoutMs: 0 });
    expect(await response.text()).toBe("ab");
  });

  test("a refusal whose body stalls is over with the time too", async () => {
    await using front = await openFront();
    front.faults.push(({ res }) => res.writeHead(503).write("half of it"));
    const error = await failed(contextOf(front.url, {}, { requestMs: 100 }).http("/"));
    expect(error.retryable).toBe(true);
  });

  test.each([0, Infinity])("a time of %s is none", async (timeoutMs) => {
    await using front = await openFront();
    front.faults.push(({ res }) => setTimeout(() => res.end("late"), 100));
    const { http } = contextOf(front.url, {}, { requestMs: 20 });
    expect(await (await http("/", { timeoutMs })).text()).toBe("late");
  });
});

describe("a caller that gives up", () => {
  test("ends the request: before it is sent, and while it waits", async () => {
    await using front = await openFront();
    const { http } = contextOf(front.url);
    await failed(http("/", { signal: AbortSignal.abort() }));
    expect(front.seen).toEqual([]);
    const caller = new AbortController();
    front.faults.push(() => caller.abort());
    await failed(http("/", { signal: caller.signal }));
    expect(front.seen).toHaveLength(1);
  });

  test("ends a stream, also long after its head", async () => {
    await using front = await openFront();
    front.faults.push(({ res }) => res.writeHead(200).write("a"));
    const caller = new AbortController();
    const response = await contextOf(front.url).http("/", { signal: caller.signal, timeoutMs: 0 });
    const reader = response.body?.getReader();
    await reader?.read();
    caller.abort();
    await expect(reader?.read()).rejects.toThrow();
  });
});

describe("a 401", () => {
  test("is answered with a new token, once more", async () => {
    await using front = await openFront();
    front.faults.push(answer(401), answer(200, {}, "in"));
    let made = 0;
    const { http } = contextOf(front.url, { token: () => `t${++made}` });
    expect(await (await http("/", { json: {} })).text()).toBe("in");
    expect(front.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer t1", "Bearer t2"]);
  });

  test("twice is the caller's to know", async () => {
    await using front = await openFront();
    front.faults.push(answer(401), answer(401));
    let made = 0;
    const error = await failed(contextOf(front.url, { token: () => `t${++made}` }).http("/"));
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", status: 401, retryable: false });
    expect(front.seen).toHaveLength(2);
  });

  test("of a token that stays the same is not asked again", async () => {
    await using front = await openFront();
    front.faults.push(answer(401));
    expect(await failed(contextOf(front.url, { token: "fixed" }).http("/"))).toMatchObject({ status: 401 });
    expect(front.seen).toHaveLength(1);
  });

  test("of a command's own is not the credential's", async () => {
    await using front = await openFront();
    front.faults.push(answer(401, {}, { code: "HTTP_401", detail: "the backend said so", retryable: false }));
    let made = 0;
    const error = await failed(contextOf(front.url, { token: () => `t${++made}` }).http("/"));
    expect(error).toMatchObject({ code: "HTTP_401" });
    expect(made).toBe(1);
  });

  test("of many requests at once asks the application once", async () => {
    await using front = await openFront();
    const check: Fault = ({ req, res }) =>
      res.writeHead(req.headers.authorization === "Bearer t1" ? 401 : 200).end();
    front.faults.push(...Array.from({ length: 10 }, () => check));
    let made = 0;
    const { http } = contextOf(front.url, { token: async () => `t${++made}` });
    await Promise.all(Array.from({ length: 5 }, () => http("/")));
    expect(made).toBe(2);
  });
});
