import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { send } from "@tidings/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Child, startChild } from "../logs/lmdb/children.ts";
import { OpenedArtifacts } from "./support/opened.ts";
import { append, beginUpload, sha256, untilTrue } from "./support/requests.ts";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 3);
const BODY = randomBytes(8_000_000);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-killed-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

async function startServer(port = 0): Promise<{ child: Child; url: string; port: number }> {
  const child = startChild("../../artifacts/server-child.ts", [folder, String(port)]);
  const url = await child.line("http");
  return { child, url, port: Number(new URL(url).port) };
}

/** Sends the half of an upload; resolves once the server has said that it has some of it. */
async function sendHalf(
  method: string,
  url: string,
  headers: Record<string, string>,
  from = 0,
): Promise<void> {
  const req = request(url, { method, headers: { ...headers, "content-length": BODY.length - from } });
  req.on("error", () => undefined);
  await new Promise<void>((resolve) => req.write(BODY.subarray(from, BODY.length / 2), () => resolve()));
}

describe("a server that is killed (kill -9)", () => {
  test("in the middle of an upload has the part that came, and the rest makes it whole", async () => {
    const first = await startServer();
    await using _first = first.child;
    const url = await beginUpload(first.url, "", { "upload-length": String(BODY.length) }, "?progress=up");
    await sendHalf("PATCH", url, {
      "content-type": "application/partial-upload",
      "upload-offset": "0",
      "upload-complete": "?1",
    });
    await untilTrue(async () =>
      /"received":[1-9]/.test((await send(`${first.url}/channels/up?last=1`)).text),
    );
    await first.child.kill("SIGKILL");

    const second = await startServer(first.port);
    await using _second = second.child;
    expect((await send(url)).status).toBe(404);
    const head = await send(url, { method: "HEAD" });
    const offset = Number(head.headers["upload-offset"]);
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(BODY.length / 2);
    const answer = await append(url, offset, BODY.subarray(offset), true);
    expect(answer.json()).toMatchObject({ size: BODY.length, sha256: sha256(BODY) });
  });

  test("in the middle of a plain upload has nothing of it afterwards", async () => {
    const first = await startServer();
    await using _first = first.child;
    await sendHalf("POST", `${first.url}/artifacts?progress=up`, {});
    await untilTrue(async () =>
      /"received":[1-9]/.test((await send(`${first.url}/channels/up?last=1`)).text),
    );
    await first.child.kill("SIGKILL");
    await using opened = await OpenedArtifacts.open({ folder });
    expect([opened.artifacts.size, opened.artifacts.bytes]).toEqual([0, 0]);
  });

  test("while it keeps payloads has each whole or not at all, and each that a message names", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await using child = startChild("../../artifacts/put-child.ts", [folder]);
      await child.heard(5 + round * 7);
      await child.kill("SIGKILL");
      const opened = await OpenedArtifacts.open({ folder });
      opened.nowMs += 60_000;
      await opened.artifacts.sweep();
      const named = new Set<string>();
      for (const channel of ["a", "b", "c"]) {
        const { messages } = await opened.log.read(channel, 0 as never, { maxMessages: 100, maxBytes: 1e6 });
        for (const { artifact } of messages) {
          const { url } = (JSON.parse(String(Buffer.from(artifact ?? []))) as { artifact: { url: string } })
            .artifact;
          named.add(url.slice("/artifacts/".length));
        }
      }
      expect(opened.artifacts.size).toBe(named.size);
      for (const id of named) expect(await hashOf(opened, id)).toBe(opened.artifacts.get(id).sha256);
      await opened.artifacts.close();
      await opened.log.close();
    }
  });
});

async function hashOf({ artifacts }: OpenedArtifacts, id: string): Promise<string> {
  const body = await artifacts.open(id);
  try {
    const bytes = Buffer.alloc(artifacts.get(id).size + 1);
    const read = await body.read(bytes, 0);
    return sha256(bytes.subarray(0, read));
  } finally {
    await body.close();
  }
}
