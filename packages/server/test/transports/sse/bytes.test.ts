import { publish } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

const ACCEPT = { Accept: "text/event-stream" };

/** A stream as bytes: its head, and then what follows. */
async function openStream(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ client: RawClient; head: string }> {
  const client = await RawClient.open(port);
  client.send(getRequest(path, { ...ACCEPT, ...headers }));
  return { client, head: await client.until("\r\n\r\n") };
}

describe("an event stream on the wire (WHATWG HTML §9.2)", () => {
  test("the head says what it is, that it is not to be kept or changed, and that it ends with the connection", async () => {
    await using server = await openServer();
    const { client, head } = await openStream(server.port, "/channels/a");
    await using _ = client;
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain("Content-Type: text/event-stream; charset=utf-8\r\n");
    expect(head).toContain("Cache-Control: no-store, no-transform\r\n");
    expect(head).toContain("X-Accel-Buffering: no\r\n");
    expect(head).toContain("Connection: close\r\n");
    expect(head).not.toMatch(/transfer-encoding|content-length/i);
  });

  test("the stream begins with a retry between one and three seconds, then the position as an id alone", async () => {
    await using server = await openServer();
    const { cursor } = await publish(server.url, "a", "1");
    const { client } = await openStream(server.port, "/channels/a");
    await using _ = client;
    const retry = /^retry: ([0-9]+)\n\n$/.exec(await client.until("\n\n"));
    expect(Number(retry?.[1])).toBeGreaterThanOrEqual(1_000);
    expect(Number(retry?.[1])).toBeLessThanOrEqual(3_000);
    expect(await client.until("\n\n")).toBe(`id: ${cursor}\n\n`);
    expect(await client.until("\n\n")).toBe(
      `id: ${cursor}\nevent: tidings.caught-up\ndata: {"type":"caught-up","channel":"a","cursor":"${cursor}"}\n\n`,
    );
  });

  test("a message is its cursor as id, its event unless that is message, and its payload as data", async () => {
    await using server = await openServer();
    const { client } = await openStream(server.port, "/channels/a");
    await using _ = client;
    await client.until("caught-up");
    await client.until("\n\n");
    const { cursor } = await publish(server.url, "a", `{"x":1}`);
    expect(await client.until("\n\n")).toBe(`id: ${cursor}\ndata: {"x":1}\n\n`);
    const next = cursor.replace(/1$/, "2");
    await publish(server.url, "a", "one\ntwo\rthree", { contentType: "text/plain", event: "log" });
    expect(await client.until("\n\n")).toBe(`id: ${next}\nevent: log\ndata: one\ndata: two\ndata: three\n\n`);
  });

  test("an ephemeral message has no id, so that the position stays where it can be read from", async () => {
    await using server = await openServer();
    const { client } = await openStream(server.port, "/channels/a");
    await using _ = client;
    await client.until("caught-up");
    await client.until("\n\n");
    await publish(server.url, "a", "1", { ephemeral: true });
    expect(await client.until("\n\n")).toBe("data: 1\n\n");
  });

  test("a gap is an event, and its id is where reading goes on", async () => {
    await using server = await openServer({ policies: [{ pattern: "a", retention: { maxMessages: 1 } }] });
    const { cursor } = await publish(server.url, "a", "1");
    for (const body of ["2", "3", "4"]) await publish(server.url, "a", body);
    const [epoch] = cursor.split(".");
    const { client } = await openStream(server.port, `/channels/a?since=${cursor}`);
    await using _ = client;
    await client.until("\n\n");
    expect(await client.until("\n\n")).toBe(`id: ${cursor}\n\n`);
    expect(await client.until("\n\n")).toBe(
      `id: ${epoch}.3\nevent: tidings.gap\ndata: {"type":"gap","channel":"a","reason":"expired","from":"${epoch}.1","to":"${epoch}.3","missed":2}\n\n`,
    );
    expect(await client.until("\n\n")).toBe(`id: ${epoch}.4\ndata: 4\n\n`);
  });

  test("with ?envelope the data is the message object, which names its event: onmessage gets them all", async () => {
    await using server = await openServer();
    const { cursor } = await publish(server.url, "a", "é", {
      contentType: "text/plain",
      event: "log",
      key: "k",
    });
    const { client } = await openStream(server.port, "/channels/a?envelope&since=earliest");
    await using _ = client;
    await client.until("\n\n");
    await client.until("\n\n");
    const block = await client.until("\n\n");
    const [id, data] = block.split("\n");
    expect(id).toBe(`id: ${cursor}`);
    const object = JSON.parse((data ?? "").slice("data: ".length)) as object;
    expect(object).toMatchObject({
      type: "message",
      channel: "a",
      cursor,
      event: "log",
      key: "k",
      contentType: "text/plain",
      data: "é",
    });
  });

  test("a quiet stream carries comments, which no client hears", async () => {
    await using server = await openServer({ limits: { heartbeatMs: 16 } });
    const { client } = await openStream(server.port, "/channels/a");
    await using _ = client;
    await client.until("caught-up");
    await client.until("\n\n");
    for (let beat = 0; beat < 3; beat++) expect(await client.until("\n\n")).toBe(":\n\n");
  });

  test("a Last-Event-ID that is no cursor is refused before the stream begins", async () => {
    await using server = await openServer();
    const { client, head } = await openStream(server.port, "/channels/a", { "Last-Event-ID": "yesterday" });
    await using _ = client;
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(await client.until("}")).toContain("CURSOR_INVALID");
  });

  test("gap=fail is a 410 that tells the gap, since nothing of the stream was sent yet", async () => {
    await using server = await openServer({ policies: [{ pattern: "a", retention: { maxMessages: 1 } }] });
    const { cursor } = await publish(server.url, "a", "1");
    for (const body of ["2", "3"]) await publish(server.url, "a", body);
    const { client, head } = await openStream(server.port, `/channels/a?gap=fail&since=${cursor}`);
    await using _ = client;
    expect(head).toMatch(/^HTTP\/1\.1 410 /);
    const problem = JSON.parse(await client.until("}}")) as object;
    expect(problem).toMatchObject({
      status: 410,
      code: "CURSOR_GONE",
      gap: { reason: "expired", from: cursor, missed: 1 },
    });
  });
});
