import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { MessageObject } from "@tidings/protocol";
import { blocksOf, readDoc } from "@tidings/testing/docs";
import { startServer } from "./support/server.ts";

interface FollowOptions {
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}
type Follow = (
  base: string,
  channel: string,
  handle: (frame: MessageObject) => unknown,
  options: FollowOptions,
) => Promise<void>;

test("the client of PROTOCOL.md loses nothing and repeats nothing, wherever its connections are cut", async () => {
  await using server = await startServer();
  const text = blocksOf(readDoc("PROTOCOL.md")).find(({ tag }) => tag === "js client")?.text ?? "";
  const { follow } = (await import(`data:text/javascript,${encodeURIComponent(withoutPauses(text))}`)) as {
    follow: Follow;
  };
  for (let number = 1; number <= 20; number++) await server.tidings.publish("numbers", { number });

  // The head of an answer has about 200 bytes, a message 110: cuts in the head, in the first lines, and further on.
  for (let cutAt = 50; cutAt < 1_500; cutAt += 97) {
    await using proxy = await cutAfter(cutAt, Number(new URL(server.url).port));
    const got: unknown[] = [];
    const done = new AbortController();
    const handle = (frame: MessageObject): void => {
      got.push(frame.data);
      if (got.length === 20) done.abort();
      // Whatever came, the next connection is let on a little further, so that there is an end.
      proxy.allow(120);
    };
    await follow(proxy.url, "numbers", handle, { cursor: "earliest", signal: done.signal });
    expect(got, `cut at ${cutAt}`).toEqual(Array.from({ length: 20 }, (_, at) => ({ number: at + 1 })));
  }
});

test("the client of PROTOCOL.md stops on what will not pass", async () => {
  await using server = await startServer();
  const text = blocksOf(readDoc("PROTOCOL.md")).find(({ tag }) => tag === "js client")?.text ?? "";
  const { follow } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { follow: Follow };
  await expect(follow(server.url, "no//name", () => undefined, {})).rejects.toThrow("CHANNEL_NAME_INVALID");
});

/** The pauses between tries are not what is tested. */
function withoutPauses(text: string): string {
  return text.replace("setTimeout(resolve, pauseMs)", "setTimeout(resolve, 0)");
}

interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Lets the following connections have so many bytes more. */
  allow(bytes: number): void;
}

/** Passes connections on, and breaks each after so many bytes of the answer. */
async function cutAfter(bytes: number, port: number): Promise<Proxy> {
  let limit = bytes;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let passed = 0;
    const mine = limit;
    // A connection that is cut within its head brings nothing on its own.
    limit += 40;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => void (client.destroy(), upstream.destroy()));
    }
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, mine - passed);
      passed += part.length;
      client.write(part, () => {
        if (passed >= mine) client.destroySoon();
      });
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    allow: (more) => (limit += more),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
