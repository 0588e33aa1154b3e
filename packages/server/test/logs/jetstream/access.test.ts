import { hasNats, NatsServer } from "@tidings/testing";
import { blocksOf, readDoc } from "@tidings/testing/docs";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JetStreamLog } from "../../../src/logs/jetstream/index.ts";
import { Node, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

/** The rights that the documents name, as a server's configuration takes them. */
function documentedRights(): string {
  return blocksOf(readDoc("docs/scaling.md")).find(({ tag }) => tag === "nats")?.text ?? "";
}

describe.runIf(hasNats())("what a NATS lets in (nats-server is installed)", () => {
  test("a user with the rights that docs/scaling.md names can do all that a log does", async () => {
    const user = `{ user: tidings, password: secret, ${documentedRights()} }`;
    await using server = await NatsServer.start({
      config: `authorization { users: [${user}] }`,
      credentials: "tidings:secret@",
    });
    const plain = plainOptions(server.url, "tidings");
    const retention = { ...plain.retentionOf("a"), maxMessages: 2 };
    await using a = await Node.open({ ...plain, retentionOf: () => retention });
    await a.log.follow("a");
    await a.log.append("a", [text("one"), text("two")], { idempotencyKey: "k" });
    await a.log.append("a", [text("three"), text("x".repeat(2_000_000))]);
    await a.log.broadcast("a", [text("ephemeral")]);
    await a.until(({ heard }) => heard.length === 5);
    await a.log.sweep();
    await using b = await Node.open({ ...plain, retentionOf: () => retention });
    expect((await textsOf(b.log))[0]).toBe("three");
    expect(await b.log.channels({ prefix: "", after: "", limit: 10 })).toHaveLength(1);
    await b.log.truncate("a");
    // Others' streams are not for it.
    const other = JetStreamLog.open({ ...plain, prefix: "other", timeoutMs: 500 });
    await expect(other).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
  });

  test("a token lets in; a wrong password is told as such, without it", async () => {
    await using server = await NatsServer.start({ config: "authorization { token: right }" });
    const host = `127.0.0.1:${server.port}`;
    await using node = await Node.open(plainOptions(`nats://right@${host}`));
    await node.log.append("a", [text("one")]);
    const opening = JetStreamLog.open({ ...plainOptions(`nats://me:s3cret@${host}`), timeoutMs: 500 });
    await expect(opening).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: expect.stringContaining("Authorization Violation") as string,
    });
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining("s3cret") as string });
  });

  test("one that speaks TLS is used where its certificate is of the authority that is named, and refused where it is not", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-tls-"));
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const kind = [
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1",
    ];
    execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", certificate, ...subject], {
      stdio: "ignore",
    });
    try {
      await using server = await NatsServer.start({
        isTls: true,
        config: `tls { cert_file: "${certificate}", key_file: "${key}" }`,
      });
      const options = plainOptions(server.url);
      await using node = await Node.open({ ...options, ca: certificate });
      await node.log.follow("a");
      await node.log.append("a", [text("one")]);
      await node.until(({ heard }) => heard.length === 1);
      await expect(Node.open({ ...options, timeoutMs: 500 })).rejects.toMatchObject({
        code: "LOG_UNAVAILABLE",
        message: expect.stringContaining("self-signed certificate") as string,
      });
      // And one without TLS is not taken for one with it.
      await using plain = await NatsServer.start();
      const url = plain.url.replace("nats:", "tls:");
      const opening = JetStreamLog.open({ ...plainOptions(url), ca: certificate, timeoutMs: 500 });
      await expect(opening).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("one without JetStream, or without room, is told as such", async () => {
    await using server = await NatsServer.start({ jetStream: "max_file_store: 200KB" });
    await using node = await Node.open(plainOptions(server.url));
    await node.log.append("a", [text("one")]);
    const large = text("x".repeat(150_000));
    const appends = await Promise.allSettled([1, 2].map(() => node.log.append("b", [large])));
    const more = await Promise.allSettled([1, 2, 3].map(() => node.log.append("c", [large])));
    expect([...appends, ...more].some((each) => each.status === "rejected")).toBe(true);
    for (const each of [...appends, ...more])
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "LOG_FULL" });
    expect(await textsOf(node.log)).toEqual(["one"]);
    await using bare = await NatsServer.start({ jetStream: null });
    await expect(JetStreamLog.open({ ...plainOptions(bare.url), timeoutMs: 300 })).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: expect.stringContaining("JetStream is not enabled") as string,
    });
  });
});
