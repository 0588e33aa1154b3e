import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { seededRandom } from "@tidings/testing";
import { describe, expect, test, vi } from "vitest";
import { writeStraight } from "../../src/http/straight.ts";

/** More than the system takes for a socket whose other end does not read. */
const TOO_MUCH = 32 * 1024 * 1024;

/** Both ends of a connection, of which the one that is written to counts what its stream is given to write. */
interface Pair extends AsyncDisposable {
  readonly near: Socket;
  readonly far: Socket;
  /** How often the stream has written since the last call. */
  writes(): number;
  /** What the other end has read, once it has ended. */
  read(): Promise<Buffer>;
}

async function openPair(way: "TCP" | "Unix socket" = "TCP"): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-straight-"));
  const path = join(folder, "socket");
  const server = createServer({ noDelay: true });
  await once(server.listen(way === "TCP" ? { host: "127.0.0.1", port: 0 } : { path }), "listening");
  const address = server.address();
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const far = connect((typeof address === "string" ? { path } : address) as NetConnectOpts);
  const [near] = await accepted;
  far.on("error", () => undefined);
  far.pause();
  const write = near._write.bind(near);
  let writes = 0;
  near._write = (...args): void => {
    writes++;
    write(...args);
  };
  return {
    near,
    far,
    writes() {
      const before = writes;
      writes = 0;
      return before;
    },
    async read() {
      const chunks: Buffer[] = [];
      far.on("data", (chunk: Buffer) => chunks.push(chunk));
      far.resume();
      await once(far, "end");
      return Buffer.concat(chunks);
    },
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Bytes by which each place is told from its neighbours, as far as 251 do. */
function numbered(size: number, from = 0): Buffer {
  return Buffer.alloc(
    size,
    Uint8Array.from({ length: 251 }, (_, at) => (from + at) % 251),
  );
}

describe.each(["TCP", "Unix socket"] as const)("over %s", (way) => {
  test("what the system takes at once does not pass through the stream", async () => {
    await using pair = await openPair(way);
    const { near } = pair;
    // The first one of the process is the stream's.
    writeStraight(near, Buffer.from("first "));
    pair.writes();
    for (let at = 0; at < 100; at++) {
      writeStraight(near, Buffer.from(`${at} `));
      // After what is still the stream's nothing goes past it.
      while (near.writableLength > 0) await nextTurn();
    }
    expect(pair.writes()).toBe(0);
    near.end();
    const text = (await pair.read()).toString();
    expect(text).toBe(`first ${Array.from({ length: 100 }, (_, at) => `${at} `).join("")}`);
    expect(near.bytesWritten).toBe(text.length);
  });

  test("what it does not take is the stream's: it counts, is waited for, and comes before all that follows", async () => {
    await using pair = await openPair(way);
    const { near } = pair;
    writeStraight(near, Buffer.from("x"));
    pair.writes();
    const large = numbered(TOO_MUCH);
    writeStraight(near, large);
    expect(near.writableLength).toBeGreaterThan(0);
    expect(near.writableLength).toBeLessThan(large.length);
    expect(near.writableNeedDrain).toBe(true);
    expect(near.bytesWritten).toBe(1 + large.length);
    expect(pair.writes(), "the rest is under way already").toBe(0);
    writeStraight(near, Buffer.from("after"));
    writeStraight(near, Buffer.from("wards"));
    const drained = once(near, "drain");
    const read = pair.read();
    await drained;
    expect(near.writableLength).toBe(0);
    near.end();
    expect((await read).equals(Buffer.concat([Buffer.from("x"), large, Buffer.from("afterwards")]))).toBe(
      true,
    );
  });

  test("an end waits for what is left", async () => {
    await using pair = await openPair(way);
    const large = numbered(TOO_MUCH, 7);
    writeStraight(pair.near, large);
    pair.near.end();
    expect((await pair.read()).equals(large)).toBe(true);
  });

  test("a client that goes in the middle of it is an error of the stream", async () => {
    await using pair = await openPair(way);
    const { near, far } = pair;
    writeStraight(near, Buffer.from("x"));
    writeStraight(near, numbered(TOO_MUCH));
    expect(near.writableLength).toBeGreaterThan(0);
    const failed = once(near, "error") as Promise<[NodeJS.ErrnoException]>;
    const closed = new Promise((resolve) => near.once("close", resolve));
    far.destroy();
    const [{ code }] = await failed;
    expect(["EPIPE", "ECONNRESET"]).toContain(code);
    await closed;
    // There is nobody left to tell, and nothing to be told again.
    writeStraight(near, Buffer.from("late"));
    await nextTurn();
  });

  test("one that is destroyed has no error to tell", async () => {
    await using pair = await openPair(way);
    const { near } = pair;
    near.on("error", (error) => expect.unreachable(error.message));
    writeStraight(near, numbered(TOO_MUCH));
    const closed = once(near, "close");
    near.destroy();
    await closed;
    await nextTurn();
  });
});

test("a client that has gone is noticed by the write that fails", async () => {
  await using pair = await openPair();
  const { near, far } = pair;
  const failed = once(near, "error") as Promise<[NodeJS.ErrnoException]>;
  far.resetAndDestroy();
  for (let isOver = false; !isOver; isOver = near.destroyed) {
    writeStraight(near, Buffer.from("x"));
    await nextTurn();
  }
  const [{ code }] = await failed;
  expect(["EPIPE", "ECONNRESET"]).toContain(code);
});

test("what is written while the stream is corked is one write of the stream's", async () => {
  await using pair = await openPair();
  const { near } = pair;
  let together = 0;
  const writev = near._writev?.bind(near);
  near._writev = (...args) => {
    together++;
    writev?.(...args);
  };
  near.cork();
  for (const text of ["a", "b", "c"]) writeStraight(near, Buffer.from(text));
  near.uncork();
  expect([together, pair.writes()]).toEqual([1, 0]);
  near.end();
  expect((await pair.read()).toString()).toBe("abc");
});

test("what is no socket of the system's is written to as a stream", async () => {
  const stream = new PassThrough();
  for (const text of ["a", "b", "c"]) writeStraight(stream, Buffer.from(text));
  stream.end();
  expect((await stream.toArray()).join("")).toBe("abc");
});

test("where handles are written to in another way, that is found out once, and the stream writes", async () => {
  vi.resetModules();
  const { writeStraight: writeAnew } = await import("../../src/http/straight.ts");
  let changes = 0;
  const handle = new Proxy<object>(
    { writeQueueSize: 0, writeBuffer: () => 0 },
    { set: (...args) => (changes++, Reflect.set(...args)) },
  );
  const stream = Object.assign(new PassThrough(), { _handle: handle });
  for (const text of ["a", "b", "c"]) {
    writeAnew(stream, Buffer.from(text));
  }
  stream.end();
  expect((await stream.toArray()).join("")).toBe("abc");
  expect(changes).toBe(1);
});

test("TLS is the stream's", async () => {
  const psk = Buffer.alloc(32, 7);
  const way = { ciphers: "PSK", minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
  const server = createTlsServer({ ...way, pskCallback: () => psk });
  await once(server.listen({ host: "127.0.0.1", port: 0 }), "listening");
  const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
  const far = connectTls({
    ...way,
    ...(server.address() as AddressInfo),
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  const [near] = await accepted;
  const large = numbered(TOO_MUCH);
  for (const bytes of [Buffer.from("a"), Buffer.from("b"), large]) writeStraight(near, bytes);
  near.end();
  expect(Buffer.concat(await far.toArray()).equals(Buffer.concat([Buffer.from("ab"), large]))).toBe(true);
  server.close();
});

test("whatever is written, read, paused and corked, all of it comes, once and in order", async () => {
  const seed = randomInt(2 ** 32);
  const random = seededRandom(seed);
  const upTo = (most: number): number => Math.floor(random() * most);
  await using pair = await openPair();
  const { near, far } = pair;
  const received: Buffer[] = [];
  far.on("data", (chunk: Buffer) => {
    received.push(chunk);
    if (random() < 0.05) {
      far.pause();
      setImmediate(() => far.resume());
    }
  });
  far.resume();
  let written = 0;
  for (let round = 0; round < 2_000; round++) {
    const size = random() < 0.02 ? upTo(4_000_000) : upTo(2_000);
    const isCorked = random() < 0.1;
    if (isCorked) near.cork();
    writeStraight(near, numbered(size, written));
    written += size;
    if (random() < 0.1) near.write(numbered(1, written++));
    if (isCorked) near.uncork();
    if (random() < 0.3) await nextTurn();
    if (near.writableNeedDrain && random() < 0.5) await once(near, "drain");
  }
  near.end();
  await once(far, "end");
  const all = Buffer.concat(received);
  expect(all.length, `seed ${seed}`).toBe(written);
  expect(all.equals(numbered(written)), `seed ${seed}`).toBe(true);
});
