import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { createListener } from "../../../src/http/listener.ts";
import { createTidings } from "../../../src/tidings.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";

describe("clients that do not take what they asked for", () => {
  test("one that leaves its page untaken is given up after a time; a stream that is quiet as long is not", async () => {
    const tidings = await createTidings({ log: "memory" });
    const server = createListener(tidings.handler, {
      ...DEFAULT_LIMITS,
      longPollMaxMs: 100,
      requestTimeoutMs: 200,
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    for (let each = 0; each < 10; each++) await tidings.publish("a", "x".repeat(100_000));

    await using stream = await RawClient.open(port);
    stream.send(getRequest("/channels/b", { Accept: "text/event-stream" }));
    await stream.until("caught-up");
    const accepted = once(server, "connection");
    await using stalled = await RawClient.open(port);
    const [socket] = await accepted;
    stalled.socket.pause();
    // More pages than the kernels keep.
    stalled.send(getRequest("/channels/a").repeat(30));
    await once(socket, "close");

    await stream.until("\n\n");
    await tidings.publish("b", 1);
    expect(await stream.until("data: 1\n\n")).toContain("data: 1");
    await tidings.close();
    server.closeAllConnections();
    server.close();
  });
});
