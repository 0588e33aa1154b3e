import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { createTidings } from "../../../src/tidings.ts";
import { RawClient } from "../../support/raw-client.ts";
import { frame, handshake, OPCODE } from "../../support/raw-web-socket.ts";

test("publishes that come together are answered in their order, by one write", async () => {
  const tidings = await createTidings({ log: "memory" });
  const server = createServer(tidings.handler);
  tidings.attach(server);
  /** What reaches the system: a call for each. */
  let writes = 0;
  server.on("connection", (socket: Socket) => {
    for (const name of ["_write", "_writev"] as const) {
      const write = socket[name]?.bind(socket) as (...args: unknown[]) => void;
      socket[name] = (...args: unknown[]): void => {
        writes++;
        write(...args);
      };
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.open((server.address() as AddressInfo).port);
  client.send(handshake("/connect", { "Sec-WebSocket-Protocol": "tidings.v1" }));
  await client.until('"welcome"');
  writes = 0;
  const publishes = Array.from({ length: 50 }, (_, at) =>
    frame(OPCODE.text, `{"type":"publish","id":"${at}","channel":"a","data":${at}}`),
  );
  client.send(Buffer.concat(publishes));
  for (let at = 0; at < 50; at++) await client.until(`"id":"${at}"`);
  expect(writes).toBe(1);
  await client[Symbol.asyncDispose]();
  await tidings.close();
  server.close();
});
