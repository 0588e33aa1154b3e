import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { RIGHTS } from "@tidings/core";
import { blocksOf, readDoc, root, sectionOf, sorted, tableOf } from "@tidings/testing/docs";
import { describe, expect, test } from "vitest";
import { Verifier } from "../../src/auth/verifier.ts";
import { loadConfig } from "../../src/config/index.ts";

const document = readDoc("docs/security.md");
const SECRET = "a secret of thirty-two bytes, yes";
const run = promisify(execFile);
const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("docs/security.md", () => {
  test("has the rights that there are", () => {
    expect(sorted(tableOf(sectionOf(document, "### Grants")).map(([right]) => right))).toEqual(
      sorted(RIGHTS),
    );
  });

  test("shows a program in Node.js whose token is taken by the configuration that it shows", () =>
    isTaken(process.execPath, "--input-type=module", "--eval", textOf("js token")));

  test("shows a configuration by which the application is asked", async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const folder = await mkdtemp(join(tmpdir(), "tidings-docs-"));
    try {
      await writeFile(join(folder, "tidings.config.json"), textOf("json callback"));
      const { auth } = await loadConfig({ folder, environment: { CALLBACK_SECRET: secret } });
      expect(auth?.callback).toEqual({
        url: "https://app.example/tidings",
        secret: "env:CALLBACK_SECRET",
        headers: ["cookie"],
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.skipIf(!hasPython)("shows a program in Python whose token is taken, too (needs python3)", () =>
    isTaken("python3", "-c", textOf("python token")),
  );
});

async function isTaken(command: string, ...args: readonly string[]): Promise<void> {
  // In the server's folder, where `jose` is found by its name.
  const cwd = join(root, "packages/server");
  const { stdout } = await run(command, args, { cwd, env: { ...process.env, JWT_SECRET: SECRET } });
  const folder = await mkdtemp(join(tmpdir(), "tidings-docs-"));
  try {
    await writeFile(join(folder, "tidings.config.json"), textOf("json config"));
    const { auth } = await loadConfig({ folder, environment: { JWT_SECRET: SECRET } });
    const jwt = [{ algorithm: "HS256", secret: SECRET }] as const;
    const identity = await new Verifier({ ...auth, jwt }, Date.now()).verify(stdout.trim());
    expect(identity).toMatchObject({ subject: "ann", issuedAtMs: expect.any(Number) as number });
    expect(identity.grants.lists).toEqual({ subscribe: ["evals/123/**"], command: ["evals.stop"] });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function textOf(tag: string): string {
  const block = blocksOf(document).find((each) => each.tag === tag);
  if (block === undefined) throw new Error(`there is no block \`\`\`${tag}`);
  return block.text;
}
