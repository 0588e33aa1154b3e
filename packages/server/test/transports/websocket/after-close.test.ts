import { send } from "@tidings/testing";
import { expect, test } from "vitest";
import { mint } from "../../auth/support.ts";
import { OPCODE, RawWebSocket } from "../../support/raw-web-socket.ts";
import { bearer, openSecured } from "../../support/secured.ts";

const PUBLISHER = { publish: ["a"], subscribe: ["a"] };

/** The next close frame's code, left unanswered: a client may, and be waited for. */
async function closedWith(socket: RawWebSocket): Promise<number> {
  for (;;) {
    const { opcode, payload } = await socket.frame();
    if (opcode === OPCODE.close) return payload.readUInt16BE();
  }
}

test("what a client sends once its token was revoked is not done, though it leaves the close unanswered", async () => {
  await using server = await openSecured();
  const admin = await bearer({ admin: ["**"] });
  await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
  socket.sendJson({ type: "hello", token: await mint(PUBLISHER, { sub: "ann" }) });
  await socket.jsonOf("welcome");
  socket.sendJson({ type: "publish", id: "1", channel: "a", data: "before" });
  await socket.jsonOf("ok");
  const revoked = await send(`${server.url}/revocations`, {
    method: "POST",
    headers: { ...admin, "content-type": "application/json" },
    body: '{"subject":"ann"}',
  });
  expect(revoked.status).toBe(204);
  expect(await closedWith(socket)).toBe(4401);
  socket.sendJson({ type: "publish", id: "2", channel: "a", data: "after" });
  socket.sendJson({ type: "subscribe", id: "3", channel: "a" });
  // Answering the close has the server end the connection: all that was sent before was read by then.
  socket.send(OPCODE.close, Buffer.from([0x11, 0x31]));
  await socket.client.closed();
  const page = await send(`${server.url}/channels/a`, { headers: admin });
  expect((page.json() as { messages: { data: unknown }[] }).messages.map(({ data }) => data)).toEqual([
    "before",
  ]);
});

test("a publish that waits for the application's say is not done where its token is revoked meanwhile", async () => {
  const asked = Promise.withResolvers<void>();
  const said = Promise.withResolvers<{ allow: boolean }>();
  await using server = await openSecured({
    hook: {
      actions: ["publish"],
      ask: async () => {
        asked.resolve();
        return said.promise;
      },
    },
  });
  const admin = await bearer({ admin: ["**"] });
  await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
  socket.sendJson({ type: "hello", token: await mint(PUBLISHER, { sub: "ann" }) });
  await socket.jsonOf("welcome");
  socket.sendJson({ type: "publish", id: "1", channel: "a", data: "waits" });
  socket.sendJson({ type: "publish", id: "2", channel: "a", data: "waits behind it" });
  await asked.promise;
  await send(`${server.url}/revocations`, {
    method: "POST",
    headers: { ...admin, "content-type": "application/json" },
    body: '{"subject":"ann"}',
  });
  expect(await closedWith(socket)).toBe(4401);
  said.resolve({ allow: true });
  socket.send(OPCODE.close, Buffer.from([0x11, 0x31]));
  await socket.client.closed();
  const page = await send(`${server.url}/channels/a`, { headers: admin });
  expect(page.json()).toMatchObject({ messages: [] });
});
