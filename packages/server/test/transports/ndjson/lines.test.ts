import { publish } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

const ACCEPT = { Accept: "application/x-ndjson" };

describe("newline-delimited JSON on the wire", () => {
  test("the first line says where the stream stands, and each message is a line", async () => {
    await using server = await openServer();
    const { cursor } = await publish(server.url, "a", "1");
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a?since=earliest", ACCEPT));
    const head = await client.until("\r\n\r\n");
    expect(head).toContain("Content-Type: application/x-ndjson; charset=utf-8\r\n");
    expect(head).not.toMatch(/transfer-encoding|content-length/i);
    const [epoch] = cursor.split(".");
    expect(await client.until("\n")).toBe(`{"type":"ok","channel":"a","cursor":"${epoch}.0"}\n`);
    expect(await client.until("\n")).toMatch(
      new RegExp(
        `^\\{"type":"message","channel":"a","cursor":"${cursor}","time":"[0-9T:.-]+Z","data":1\\}\\n$`,
      ),
    );
    expect(await client.until("\n")).toBe(`{"type":"caught-up","channel":"a","cursor":"${cursor}"}\n`);
  });

  test("JSON that was published on several lines is one line", async () => {
    await using server = await openServer();
    await publish(server.url, "a", `{\n  "x": [\r\n1]\n}`);
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a?since=earliest", ACCEPT));
    await client.until("\r\n\r\n");
    await client.until("\n");
    expect(JSON.parse(await client.until("\n"))).toMatchObject({ type: "message", data: { x: [1] } });
  });

  test("a quiet stream carries heartbeat lines", async () => {
    await using server = await openServer({ limits: { heartbeatMs: 16 } });
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a", ACCEPT));
    await client.until(`"caught-up"`);
    await client.until("\n");
    for (let beat = 0; beat < 3; beat++) expect(await client.until("\n")).toBe(`{"type":"heartbeat"}\n`);
  });

  test("on /connect the first line is a welcome", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/connect?channel=a", ACCEPT));
    await client.until("\r\n\r\n");
    expect(JSON.parse(await client.until("\n"))).toMatchObject({ type: "welcome", heartbeatMs: 15_000 });
    expect(JSON.parse(await client.until("\n"))).toMatchObject({ type: "ok", channel: "a" });
  });
});
