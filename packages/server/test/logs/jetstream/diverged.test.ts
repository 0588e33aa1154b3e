import type { Offset } from "@tidings/protocol";
import { connect, headers } from "@nats-io/transport-node";
import { hasNats, NatsServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { api } from "./api.ts";
import { Node, text, textsOf, WHOLE } from "./node.ts";
import { plainOptions } from "./opened.ts";

interface Stored {
  readonly message: { readonly subject: string; readonly hdrs: string; readonly data?: string };
}

/** What a stream has at some of its numbers. */
async function storedAt(
  server: NatsServer,
  stream: string,
  ...seqs: readonly number[]
): Promise<readonly Stored[]> {
  return Promise.all(
    seqs.map(async (seq) => (await api(server, `STREAM.MSG.GET.${stream}`, { seq })) as Stored),
  );
}

/** Makes a stream another one under its nodes, who notice nothing of it: what a leader does that has not what the one before it had. */
async function replaceBy(server: NatsServer, stream: string, messages: readonly Stored[]): Promise<void> {
  const { config } = (await api(server, `STREAM.INFO.${stream}`)) as { readonly config: object };
  await api(server, `STREAM.DELETE.${stream}`);
  await api(server, `STREAM.CREATE.${stream}`, config);
  const connection = await connect({ servers: server.url });
  for (const { message } of messages) {
    const head = headers();
    const known = Buffer.from(message.hdrs, "base64").toString("latin1");
    for (const [, name = "", value = ""] of known.matchAll(/(Tidings-\w+): (.*)\r\n/g)) head.set(name, value);
    await connection.request(message.subject, Buffer.from(message.data ?? "", "base64"), {
      timeout: 5_000,
      headers: head,
    });
  }
  await connection.close();
}

describe.runIf(hasNats())("a stream that is another one all at once (nats-server is installed)", () => {
  test("where numbers were given out again, what is new is no end of what was known: another epoch", async () => {
    await using server = await NatsServer.start();
    const options = { ...plainOptions(server.url, "again"), checkMs: 60_000 };
    await using a = await Node.open(options);
    const { epoch } = await a.log.follow("a");
    for (const data of ["1", "2"]) await a.log.append("a", [text(data)]);
    await replaceBy(server, "again", []);
    await using b = await Node.open(options);
    for (const data of ["1'", "2'", "3'"]) await b.log.append("a", [text(data)]);
    await a.until(({ told }) => told.at(-1)?.epoch !== epoch);
    expect(await textsOf(a.log)).toEqual(["1'", "2'", "3'"]);
    expect((await a.log.describe("a")).epoch).toBe((await b.log.describe("a")).epoch);
  });

  test("an entry behind one that is old is void only while the newer one is there", async () => {
    await using server = await NatsServer.start();
    const options = { ...plainOptions(server.url, "old"), checkMs: 60_000 };
    await using a = await Node.open(options);
    const { epoch } = await a.log.follow("a");
    for (const data of ["1", "2", "3"]) await a.log.append("a", [text(data)]);
    await replaceBy(server, "old", await storedAt(server, "old", 1));
    await using b = await Node.open(options);
    for (const data of ["x", "y", "z"]) await b.log.append("other", [text(data)]);
    await b.log.append("a", [text("2'")]);
    await a.until(({ told }) => told.at(-1)?.epoch !== epoch);
    expect(await textsOf(a.log)).toEqual(["1", "2'"]);
    expect((await a.log.describe("a")).epoch).toBe((await b.log.describe("a")).epoch);
  });

  test.each([
    { what: "an entry", data: "2", isAt: [1, 1, 3] },
    { what: "a part of a large one", data: "2".repeat(2_000_000), isAt: [1, 3, 2, 4, 5, 6] },
  ])(
    "where $what was is another: what is read is what was appended, and the rest is told as lost",
    async ({ data, isAt }) => {
      await using server = await NatsServer.start();
      await using a = await Node.open(plainOptions(server.url, "other"));
      const { epoch } = await a.log.append("a", [text("1")]);
      for (const each of [data, "3"]) await a.log.append("a", [text(each)]);
      await replaceBy(server, "other", await storedAt(server, "other", ...isAt));
      const page = await a.log.read("a", 0 as Offset, WHOLE);
      expect(page.messages.map((message) => Buffer.from(message.data).toString())).toEqual(["3"]);
      expect(page).toMatchObject({ head: 3, earliest: 3 });
      expect(page.epoch).not.toBe(epoch);
    },
  );
});
