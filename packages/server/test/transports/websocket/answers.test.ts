import { createHook } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createTidings } from "../../../src/tidings.ts";
import { countWrites, type Written } from "../../support/counted-writes.ts";
import { RawClient } from "../../support/raw-client.ts";
import { frame, handshake, OPCODE } from "../../support/raw-web-socket.ts";

/** A server, and a client of it that has said nothing yet; what the server does for it is counted. */
async function openCounted(): Promise<Counted> {
  const tidings = await createTidings({ log: "memory" });
  const server = createServer(tidings.handler);
  tidings.attach(server);
  const written = countWrites(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.open((server.address() as AddressInfo).port);
  client.send(handshake("/connect", { "Sec-WebSocket-Protocol": "tidings.v1" }));
  await client.until('"welcome"');
  await client.until("}}");
  written();
  const end = async (): Promise<void> => {
    await client[Symbol.asyncDispose]();
    await tidings.close();
    server.close();
  };
  return { client, written, [Symbol.asyncDispose]: end };
}

interface Counted extends AsyncDisposable {
  readonly client: RawClient;
  readonly written: () => readonly Written[];
}

function publishes(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, at) =>
      frame(OPCODE.text, `{"type":"publish","id":"${at}","channel":"a","data":${at}}`),
    ),
  );
}

test("publishes that come together are answered in their order, by one write of one buffer", async () => {
  await using opened = await openCounted();
  const { client, written } = opened;
  client.send(publishes(50));
  for (let at = 0; at < 50; at++) await client.until(`"id":"${at}"`);
  expect(written().map(({ parts }) => parts.length)).toEqual([1]);
});

test("a publish makes three promises: the log's, and one each where it is counted and answered", async () => {
  await using opened = await openCounted();
  const { client } = opened;
  client.send(publishes(100));
  await client.until('"id":"99"');
  let promises = 0;
  const hook = createHook({ init: (_id, type) => void (promises += type === "PROMISE" ? 1 : 0) });
  hook.enable();
  client.send(publishes(100));
  await client.until('"id":"99"');
  hook.disable();
  // And a few of the test's own.
  expect(promises).toBeLessThan(350);
});

test("more answers than a socket should hold are written before the turn ends", async () => {
  await using opened = await openCounted();
  const { client, written } = opened;
  // An answer has 400 bytes and more, so these have more than 65,536.
  const channel = "c".repeat(255);
  const frames = Array.from({ length: 200 }, (_, at) =>
    frame(OPCODE.text, `{"type":"publish","id":"${at}-${"i".repeat(100)}","channel":"${channel}","data":1}`),
  );
  client.send(Buffer.concat(frames));
  for (let at = 0; at < 200; at++) await client.until(`"id":"${at}-`);
  expect(written().flatMap(({ parts }) => parts).length).toBeGreaterThan(1);
});

test("an id is answered as it was sent, whatever is in it", async () => {
  await using opened = await openCounted();
  const { client } = opened;
  for (const id of ["1", "a-b_c.d", "é😀", 'a"b\\c', "\u2028\n", "x".repeat(120)]) {
    client.send(frame(OPCODE.text, JSON.stringify({ type: "publish", id, channel: "a", data: 1 })));
    const [head, length] = await client.take(2);
    expect(head).toBe(0x81);
    const bytes = length === 126 ? (await client.take(2)).readUInt16BE() : (length as number);
    expect(JSON.parse((await client.take(bytes)).toString())).toMatchObject({ type: "ok", id, channel: "a" });
  }
});

test("what was answered in a turn in which the connection ends comes ahead of its end", async () => {
  await using opened = await openCounted();
  const { client } = opened;
  // The last of them is no frame, and ends the connection; the ones before have an answer each that says what is wrong.
  const wrong = Array.from({ length: 3 }, (_, at) =>
    frame(OPCODE.text, `{"type":"ping","id":"${at}","x":1}`),
  );
  client.send(Buffer.concat([...wrong, frame(OPCODE.text, "no frame")]));
  const all = await client.until("the frame is not JSON");
  expect([...all.matchAll(/"id":"(\d)"/g)].map(([, id]) => id)).toEqual(["0", "1", "2"]);
});
