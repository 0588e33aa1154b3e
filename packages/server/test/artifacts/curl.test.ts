import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openServer } from "../support/logs.ts";
import { sha256, upload } from "./support/requests.ts";

const isThere = spawnSync("curl", ["--version"]).status === 0;
const isRequired = !["", "0", "false", undefined].includes(process.env["REQUIRE_ALL"]);

test.skipIf(!isThere && !isRequired)(
  "curl -C - goes on with a download, and -T uploads once it is told to",
  async () => {
    await using server = await openServer();
    const body = randomBytes(3_000_000);
    const { url } = await upload(server.url, body);
    const folder = await mkdtemp(join(tmpdir(), "tidings-curl-"));
    try {
      const file = join(folder, "body");
      await writeFile(file, body.subarray(0, 1_234_567));
      expect(await curl(["-C", "-", "-o", file, server.url + url])).toBe(0);
      expect(sha256(await readFile(file))).toBe(sha256(body));
      // And the other way: it waits for 100 (Continue) with a body of this size.
      await writeFile(file, body);
      expect(await curl(["-X", "POST", "-T", file, `${server.url}/artifacts`])).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

async function curl(args: readonly string[]): Promise<number | null> {
  const child = spawn("curl", ["-sS", "-f", ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
