import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { createTidings } from "../../src/tidings.ts";
import { openServer } from "../support/logs.ts";
import { RawClient } from "../support/raw-client.ts";

/** A publish as one packet. */
function publishRequest(body: string, headers = ""): string {
  return `POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

test("a publish whose body comes with its head is answered in one write, and waits for no event", async () => {
  const tidings = await createTidings({ log: "memory" });
  const server = createServer(tidings.handler);
  const writes: unknown[] = [];
  const requests: IncomingMessage[] = [];
  let listeners = 0;
  server.on("connection", (socket: Socket) => {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]): boolean => {
      if ((args[0] as string | Uint8Array).length > 0) writes.push(args[0]);
      return write(...args);
    };
  });
  server.on("request", (req, res) => {
    requests.push(req);
    res.on("finish", () => (listeners += req.listenerCount("data") + req.listenerCount("readable")));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = await RawClient.open((server.address() as AddressInfo).port);
  for (let offset = 1; offset <= 3; offset++) {
    client.send(publishRequest('{"a":1}'));
    await client.until(`"offset":${offset}}`);
  }
  expect({ requests: requests.length, writes: writes.length, listeners }).toEqual({
    requests: 3,
    writes: 3,
    listeners: 0,
  });
  await client[Symbol.asyncDispose]();
  await tidings.close();
  server.close();
});

test("one whose body comes later, in pieces or in chunks of its own is read all the same", async () => {
  await using server = await openServer();
  await using client = await RawClient.open(server.port);
  const [head, rest] = publishRequest('{"later":1}').split("later");
  client.send(head as string);
  await new Promise((resolve) => setImmediate(resolve));
  client.send(`later${rest}`);
  await client.until('"offset":1}');
  client.send(
    "POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
      '4\r\n{"ch\r\n7\r\nunk":1}\r\n0\r\n\r\n',
  );
  await client.until('"offset":2}');
  client.send(
    `POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n`,
  );
  await client.until("BODY_INVALID");
  client.send(publishRequest("{}", "Content-Encoding: gzip\r\n"));
  await client.until("CONTENT_TYPE_UNSUPPORTED");
  const page = (await (await fetch(`${server.url}/channels/a`)).json()) as { messages: { data: unknown }[] };
  expect(page.messages.map(({ data }) => data)).toEqual([{ later: 1 }, { chunk: 1 }]);
});

test("requests that come together are answered in the order they came", async () => {
  await using server = await openServer();
  await using client = await RawClient.open(server.port);
  client.send(Array.from({ length: 20 }, (_, at) => publishRequest(String(at))).join(""));
  let text = "";
  for (let offset = 1; offset <= 20; offset++) text += await client.until(`"offset":${offset}}`);
  expect(text.match(/HTTP\/1.1 201/g)).toHaveLength(20);
});

test("what a client sent whole is published, though it was gone by then", async () => {
  await using server = await openServer();
  const messages = server.tidings.subscribe("a", { since: "earliest" });
  for (let at = 0; at < 20; at++) {
    const client = await RawClient.open(server.port);
    client.socket.end(publishRequest(String(at)));
    expect((await messages.next()).value).toMatchObject({ data: at });
    await client[Symbol.asyncDispose]();
  }
  await messages.return();
});
