import { hasRedis, RedisServer } from "@tidings/testing";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Node, text } from "./node.ts";
import { plainOptions } from "./opened.ts";

describe.runIf(hasRedis())("a Redis that speaks TLS (redis-server is installed)", () => {
  test("is used where its certificate is of the authority that is named, and refused where it is not", async () => {
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
    const settings = {
      "tls-cert-file": certificate,
      "tls-key-file": key,
      "tls-ca-cert-file": certificate,
      "tls-auth-clients": "no",
    };
    try {
      await using server = await RedisServer.start({ isTls: true, settings });
      const options = plainOptions(server.url);
      await using node = await Node.open({ ...options, ca: certificate });
      await node.log.follow("a");
      await node.log.append("a", [text("one")]);
      await node.until(({ heard }) => heard.length === 1);
      await expect(Node.open({ ...options, timeoutMs: 500 })).rejects.toMatchObject({
        code: "LOG_UNAVAILABLE",
        message: expect.stringContaining("self-signed certificate") as string,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
