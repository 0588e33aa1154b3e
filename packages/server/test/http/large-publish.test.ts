import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Delivered,
  fetchArtifact,
  messagesOf,
  ndjsonDriver,
  pollDriver,
  publish,
  send,
  sseDriver,
  type TransportDriver,
  untilCaughtUp,
  webSocketDriver,
} from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openServer, type TestServer } from "../support/logs.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({
    policies: [
      { pattern: "keyed/*", compact: true },
      { pattern: "bounded/*", maxArtifactBytes: 2_000_000 },
    ],
  });
});
afterAll(async () => server[Symbol.asyncDispose]());

let channels = 0;
const newChannel = (prefix = "large"): string => `${prefix}/${++channels}`;

interface Page {
  readonly messages: readonly {
    readonly data?: unknown;
    readonly artifact?: {
      readonly url: string;
      readonly size: number;
      readonly sha256: string;
      readonly type: string;
    };
    readonly preview?: unknown;
    readonly key?: string;
    readonly deleted?: boolean;
  }[];
}

async function read(channel: string): Promise<Page["messages"]> {
  return ((await send(`${server.url}/channels/${channel}`)).json() as Page).messages;
}

/** Begins a publish whose body is sent by hand. */
function begin(
  channel: string,
  contentType: string,
  base: string = server.url,
  headers: Readonly<Record<string, string>> = {},
): { readonly sent: ClientRequest; readonly answer: Promise<{ status: number; code?: string }> } {
  const sent = request(`${base}/channels/${channel}`, {
    method: "POST",
    headers: { "content-type": contentType, ...headers },
    agent: false,
  });
  const answer = new Promise<{ status: number; code?: string }>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        const { code } = JSON.parse(text) as { code?: string };
        resolve({ status: response.statusCode ?? 0, ...(code === undefined ? {} : { code }) });
      });
    });
  });
  answer.catch(() => undefined);
  return { sent, answer };
}

/** Waits for something that no event tells. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error("it did not come about");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Sends one frame on a WebSocket of its own, and answers what it is answered. */
async function answerTo(frame: object): Promise<{ readonly type: string }> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/connect`, ["tidings.v1"]);
  const answered = new Promise<{ type: string }>((resolve) => {
    socket.on("message", (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as { type: string };
      if (answer.type !== "welcome") resolve(answer);
    });
  });
  await once(socket, "open");
  socket.send(JSON.stringify({ id: "1", ...frame }));
  const answer = await answered;
  socket.close();
  return answer;
}

describe("a body larger than a message can be", () => {
  const MEGABYTES = 64;
  const DRIVERS: readonly TransportDriver[] = [
    pollDriver({ isMulti: false, waits: false }),
    sseDriver({ isMulti: false }),
    sseDriver({ isMulti: true }),
    ndjsonDriver({ isMulti: false }),
    webSocketDriver({ isMulti: false, v1: false }),
    webSocketDriver({ isMulti: false, v1: true }),
  ];

  test.each([
    [
      "application/json",
      Buffer.from(`{"n":7,"rows":[${"1,".repeat(524_272)}`),
      Buffer.from("1,".repeat(524_288)),
      Buffer.from("1]}"),
    ],
    ["text/plain", Buffer.from("text\n".repeat(200_000)), Buffer.from("é".repeat(524_288)), Buffer.from("")],
    ["application/octet-stream", Buffer.alloc(1_000_000, 1), Buffer.alloc(1_048_576, 2), Buffer.from("end")],
  ])(
    "of 64 MB and type %s is streamed into the store, and told on every transport",
    async (type, first, part, last) => {
      const channel = newChannel();
      const hash = createHash("sha256").update(first);
      const { sent, answer } = begin(channel, type);
      sent.write(first);
      for (let each = 0; each < MEGABYTES; each++) {
        hash.update(part);
        // Back-pressure is the server's: what it has not written it does not take.
        if (!sent.write(part)) await once(sent, "drain");
      }
      hash.update(last);
      sent.end(last);
      expect(await answer).toEqual({ status: 201 });
      const sha256 = hash.digest("hex");
      const size = first.length + MEGABYTES * part.length + last.length;
      const told: Delivered[] = [];
      for (const driver of DRIVERS) {
        await using stream = await driver.open(server.url, { channels: [channel], since: "earliest" });
        told.push(messagesOf(await untilCaughtUp(stream))[0] as Delivered);
      }
      for (const { artifact, data } of told) {
        expect(data).toBe("");
        expect(artifact).toMatchObject({ size, sha256, type });
      }
      const [{ artifact, preview }] = told as [Delivered];
      expect(await fetchArtifact(server.url, artifact as { url: string })).toMatchObject({
        status: 200,
        size,
        sha256,
      });
      if (type === "application/json") expect(preview).toMatchObject({ n: 7 });
      if (type === "text/plain") expect(preview).toMatch(/^text\ntext\n/);
      if (type === "application/octet-stream") expect(preview).toBeUndefined();
    },
  );

  test("that is text and not UTF-8 is refused, wherever that shows, and nothing is published", async () => {
    const channel = newChannel();
    for (const broken of [Buffer.from([0x61, 0xff]), Buffer.from([0xc3])]) {
      const body = Buffer.concat([Buffer.alloc(2_000_000, "a"), broken]);
      expect(await publish(server.url, channel, body, { contentType: "text/plain" })).toMatchObject({
        status: 400,
        code: "BODY_INVALID",
      });
    }
    expect(await read(channel)).toEqual([]);
  });

  test("above what the channel stores is refused, whether it says its size or not", async () => {
    const channel = newChannel("bounded");
    const contentType = "application/octet-stream";
    const refused = { status: 413, code: "ARTIFACT_TOO_LARGE" };
    expect(await publish(server.url, channel, Buffer.alloc(2_000_001), { contentType })).toMatchObject(
      refused,
    );
    const { sent, answer } = begin(channel, contentType);
    for (let each = 0; each < 3; each++) sent.write(Buffer.alloc(1_000_000));
    expect(await answer).toMatchObject(refused);
    sent.destroy();
    expect(await publish(server.url, channel, Buffer.alloc(2_000_000), { contentType })).toMatchObject({
      status: 201,
    });
    expect((await read(channel)).map(({ artifact }) => artifact?.size)).toEqual([2_000_000]);
  });

  test("is refused by the size that it says, before anything of it is sent", async () => {
    const contentType = "application/octet-stream";
    for (const [channel, code] of [
      [newChannel("bounded"), "ARTIFACT_TOO_LARGE"],
      [newChannel("keyed"), "KEY_REQUIRED"],
    ] as const) {
      const { sent, answer } = begin(channel, contentType, server.url, { "content-length": "2000001" });
      sent.flushHeaders();
      expect(await answer).toMatchObject({ code });
      sent.destroy();
    }
  });

  test("that is refused for another reason is refused before it has come", async () => {
    for (const [path, code] of [
      ["$system", "CHANNEL_RESERVED"],
      [newChannel("keyed"), "KEY_REQUIRED"],
      [`${newChannel()}?event=tidings.x`, "EVENT_NAME_INVALID"],
      [`${newChannel()}?preview=oops`, "PREVIEW_INVALID"],
    ] as const) {
      const { sent, answer } = begin(path, "application/octet-stream");
      sent.write(Buffer.alloc(1_200_000));
      expect(await answer, path).toMatchObject({ code });
      sent.destroy();
    }
  });

  test("whose client goes away leaves nothing behind, and holds nobody up", async () => {
    const data = await mkdtemp(join(tmpdir(), "tidings-large-"));
    const own = await openServer({ log: "lmdb", data });
    try {
      const bodies = async (): Promise<readonly string[]> => readdir(join(data, "artifacts", "bodies"));
      const { sent } = begin("c", "application/octet-stream", own.url);
      sent.write(Buffer.alloc(3_000_000));
      await eventually(async () => (await bodies()).length === 1);
      await publish(own.url, "c", "1");
      sent.destroy();
      await eventually(async () => (await bodies()).length === 0);
      const page = (await send(`${own.url}/channels/c`)).json() as Page;
      expect(page.messages.map((message) => message.data)).toEqual([1]);
    } finally {
      await own[Symbol.asyncDispose]();
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe("messages of one publisher keep their order", () => {
  const LARGE = "x".repeat(900_000);
  const order = async (channel: string): Promise<readonly unknown[]> =>
    (await read(channel)).map(({ data, artifact }) => (artifact === undefined ? data : "large"));

  test("on one WebSocket, where a large one is followed by small ones at once", async () => {
    const channel = newChannel();
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/connect`, ["tidings.v1"]);
    await once(socket, "open");
    const answers: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on("message", (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; offset?: number };
        if (frame.type !== "welcome") answers.push(frame);
        if (answers.length === 5) resolve();
      });
    });
    for (const [index, data] of [1, LARGE, 2, LARGE, 3].entries())
      socket.send(JSON.stringify({ type: "publish", id: String(index), channel, data }));
    await all;
    socket.close();
    expect(answers).toMatchObject([1, 2, 3, 4, 5].map((offset) => ({ type: "ok", offset })));
    expect(await order(channel)).toEqual([1, "large", 2, "large", 3]);
  });

  test("from the server's own code", async () => {
    const channel = newChannel();
    await Promise.all([1, LARGE, 2, LARGE, 3].map(async (data) => server.tidings.publish(channel, data)));
    expect(await order(channel)).toEqual([1, "large", 2, "large", 3]);
  });

  test("over HTTP, one request after the other, and in a batch", async () => {
    const channel = newChannel();
    for (const data of [1, LARGE, 2]) await publish(server.url, channel, JSON.stringify(data));
    const lines = [3, LARGE, 4].map((data) => JSON.stringify({ data })).join("\n");
    await publish(server.url, channel, lines, { contentType: "application/x-ndjson" });
    expect(await order(channel)).toEqual([1, "large", 2, 3, "large", 4]);
  });
});

describe("a message by reference", () => {
  async function upload(): Promise<string> {
    const answer = await send(`${server.url}/artifacts`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: Buffer.alloc(10, 7),
    });
    return /[^/]+$/.exec((answer.json() as { url: string }).url)?.[0] ?? "";
  }

  test("is published by its id over HTTP, in a batch, on a WebSocket and by the library", async () => {
    const channel = newChannel();
    const artifact = await upload();
    await publish(server.url, channel, "", { artifact, preview: '{"w":1}', event: "image" });
    await publish(server.url, channel, JSON.stringify({ artifact, preview: [2] }), {
      contentType: "application/x-ndjson",
    });
    await server.tidings.publish(channel, undefined, { artifact, preview: "three" });
    expect(await answerTo({ type: "publish", channel, artifact })).toMatchObject({ type: "ok" });
    const messages = await read(channel);
    const url = `/artifacts/${artifact}`;
    expect(messages.map((message) => message.preview)).toEqual([{ w: 1 }, [2], "three", undefined]);
    for (const message of messages) {
      expect(message).toMatchObject({ artifact: { url, size: 10, type: "image/png" } });
      expect(message).not.toHaveProperty("data");
    }
  });

  test("may have data beside it, which readers are given by every way of publishing and reading", async () => {
    const channel = newChannel();
    const artifact = await upload();
    await publish(server.url, channel, '{"w":1}', { artifact });
    await publish(server.url, channel, JSON.stringify({ artifact, data: [2] }), {
      contentType: "application/x-ndjson",
    });
    await server.tidings.publish(channel, "three", { artifact });
    expect(await answerTo({ type: "publish", channel, artifact, data: null })).toMatchObject({ type: "ok" });
    const own = server.tidings.subscribe(channel, { since: "earliest" });
    const messages = await read(channel);
    expect(messages).toHaveLength(4);
    for (const [at, data] of [{ w: 1 }, [2], "three", null].entries()) {
      const expected = { data, artifact: { url: `/artifacts/${artifact}`, size: 10, type: "image/png" } };
      const message = messages[at];
      expect(message).toMatchObject(expected);
      expect(message).not.toHaveProperty("preview");
      expect((await own.next()).value).toMatchObject(expected);
    }
    await own.return();
  });

  test("that is not there, or has a body that is not small JSON, is refused", async () => {
    const channel = newChannel();
    expect(await publish(server.url, channel, "", { artifact: "nothing-here" })).toMatchObject({
      status: 404,
      code: "ARTIFACT_UNKNOWN",
    });
    const artifact = await upload();
    for (const [body, contentType, status, code] of [
      ["{", "application/json", 400, "BODY_INVALID"],
      [`"${"x".repeat(4_095)}"`, "application/json", 413, "MESSAGE_TOO_LARGE"],
      ["text", "text/plain", 400, "REQUEST_INVALID"],
      ["bytes", "application/octet-stream", 400, "REQUEST_INVALID"],
      ['{"data":1}', "application/x-ndjson", 400, "REQUEST_INVALID"],
    ] as const)
      expect(await publish(server.url, channel, body, { artifact, contentType }), contentType).toMatchObject({
        status,
        code,
      });
    const shown = await publish(server.url, channel, "1", { artifact, preview: "1" });
    expect(shown).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(await publish(server.url, channel, "", { artifact, ephemeral: true })).toMatchObject({
      status: 400,
      code: "REQUEST_INVALID",
    });
    await expect(server.tidings.publish(channel, Buffer.alloc(1), { artifact })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
    await expect(server.tidings.publish(channel, "x".repeat(4_095), { artifact })).rejects.toMatchObject({
      code: "MESSAGE_TOO_LARGE",
    });
    expect(await read(channel)).toEqual([]);
  });
});

describe("what the library publishes", () => {
  test("has the type that it is given, where it is stored", async () => {
    const channel = newChannel();
    await server.tidings.publish(channel, Buffer.alloc(200_000), { contentType: "image/png" });
    await server.tidings.publish(channel, "a,b\n".repeat(50_000), {
      contentType: "text/csv; header=present",
      inline: true,
    });
    await server.tidings.publish(channel, { rows: "x".repeat(200_000) }, { preview: { rows: 1 } });
    const [image, text, json] = await read(channel);
    expect(image?.artifact?.type).toBe("image/png");
    expect(text?.data).toBe("a,b\n".repeat(50_000));
    expect(json).toMatchObject({ artifact: { type: "application/json" }, preview: { rows: 1 } });
    await expect(server.tidings.publish(channel, 1, { contentType: "x\r\ny: z" })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
    });
  });

  test("comes to its own subscribers with the artifact, and without data", async () => {
    const channel = newChannel();
    const subscription = server.tidings.subscribe(channel, { since: "earliest" });
    await server.tidings.publish(channel, "x".repeat(200_000));
    const { value } = await subscription.next();
    expect(value).toMatchObject({ type: "message", artifact: { size: 200_000 } });
    expect(value).not.toHaveProperty("data");
    await subscription.return();
  });
});

describe("the deletion of a key", () => {
  const del = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await send(`${server.url}/channels/${path}`, { method: "DELETE", headers });
    return { status: answer.status, ...(answer.json() as { cursor: string; offset: number; code?: string }) };
  };

  test("is a message over HTTP, in a batch, on a WebSocket and by the library", async () => {
    const channel = newChannel("keyed");
    await publish(server.url, channel, "1", { key: "a" });
    expect(await del(`${channel}?key=a&event=gone`)).toMatchObject({ status: 200, offset: 2 });
    await publish(server.url, channel, '{"deleted":true,"key":"b"}', { contentType: "application/x-ndjson" });
    await server.tidings.delete(channel, "c");
    expect(await answerTo({ type: "publish", channel, key: "d", deleted: true })).toMatchObject({
      type: "ok",
    });
    const deletions = (await read(channel)).filter(({ deleted }) => deleted === true);
    expect(deletions.map(({ key }) => key)).toEqual(["a", "b", "c", "d"]);
    for (const deletion of deletions) expect(deletion).not.toHaveProperty("data");
  });

  test("holds its condition and its idempotency key, as a publish does", async () => {
    const channel = newChannel("keyed");
    const { cursor } = await publish(server.url, channel, "1", { key: "a" });
    const first = await del(`${channel}?key=a`, { "if-match": `"${cursor}"`, "idempotency-key": "once" });
    expect(first.status).toBe(200);
    expect(await del(`${channel}?key=a`, { "idempotency-key": "once" })).toEqual({
      ...first,
      duplicate: true,
    });
    expect(await del(`${channel}?key=a`, { "if-match": `"${cursor}"` })).toMatchObject({ status: 412 });
  });

  test("is refused on a channel that keeps no keys, and without a key that is one", async () => {
    expect(await del(`${newChannel()}?key=a`)).toMatchObject({ status: 409, code: "CHANNEL_NOT_KEYED" });
    expect(await del(`${newChannel("keyed")}?key=`)).toMatchObject({ status: 400, code: "KEY_INVALID" });
    expect(await del(`${newChannel("keyed")}?key=a&through=x`)).toMatchObject({
      status: 400,
      code: "QUERY_INVALID",
    });
    await expect(server.tidings.delete(newChannel(), "a")).rejects.toMatchObject({
      code: "CHANNEL_NOT_KEYED",
    });
  });

  test("plain SSE of a keyed channel carries message objects, with their keys", async () => {
    const channel = newChannel("keyed");
    await publish(server.url, channel, "1", { key: "a" });
    await del(`${channel}?key=a`);
    await using stream = await sseDriver({ isMulti: false }).open(server.url, {
      channels: [channel],
      since: "earliest",
    });
    const last = messagesOf(await untilCaughtUp(stream)).at(-1);
    expect(last).toMatchObject({ kind: "none", key: "a", deleted: true });
  });
});

describe("a line of a batch", () => {
  test.each([
    ['{"data":1,"inline":"yes"}', "inline"],
    ['{"artifact":7}', "artifact"],
    ['{"artifact":"a","encoding":"base64","data":""}', "encoding"],
    ['{"deleted":true,"data":1}', "data"],
    ['{"deleted":true,"encoding":"base64"}', "encoding"],
    ['{"deleted":true,"artifact":"a"}', "artifact"],
    ['{"deleted":false}', "data"],
    ['{"__proto__":1,"data":1}', "__proto__"],
  ])("%s is refused by its member", async (line, field) => {
    const answer = await publish(server.url, newChannel(), `{"data":1}\n${line}`, {
      contentType: "application/x-ndjson",
    });
    expect(answer).toMatchObject({ status: 400, code: "BODY_INVALID", line: 2, field });
  });

  test("may ask to travel inline, and have a preview of its own", async () => {
    const channel = newChannel();
    const data = "x".repeat(150_000);
    const lines = [
      { data, inline: true },
      { data, preview: { short: 1 } },
    ].map((line) => JSON.stringify(line));
    await publish(server.url, channel, lines.join("\n"), { contentType: "application/x-ndjson" });
    expect(await read(channel)).toMatchObject([
      { data },
      { artifact: { size: 150_002 }, preview: { short: 1 } },
    ]);
  });
});
