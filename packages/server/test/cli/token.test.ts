import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuthOptions } from "../../src/auth/index.ts";
import { Verifier } from "../../src/auth/verifier.ts";
import type { Identity } from "../../src/auth/identity.ts";
import { type Ended, tidings } from "./support/tidings.ts";

const SECRET = "a secret of thirty-two bytes, yes";
const JWT = [{ algorithm: "HS256", secret: "env:JWT_SECRET", kid: "k1" }] as const;
const env = { JWT_SECRET: SECRET };

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-token-"));
});
afterEach(() => rm(folder, { recursive: true }));

const token = (...args: readonly string[]): Promise<Ended> =>
  tidings(["token", ...args], { cwd: folder, env });

/** Whom the server would take it for. */
function verified({ stdout }: Ended, auth: AuthOptions): Promise<Identity> {
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return new Verifier(auth, Date.now()).verify(stdout.trim());
}

const secret: AuthOptions = { jwt: [{ algorithm: "HS256", secret: SECRET }] };

test("signs with the configuration's first secret, and for its issuer and audience", async () => {
  const auth = { jwt: JWT, issuer: "https://id.example", audience: "tidings" };
  await writeFile(join(folder, "tidings.config.json"), JSON.stringify({ auth }));
  const made = await token("--sub", "ann", "--subscribe", "evals/**", "--command", "evals.*");
  const identity = await verified(made, { ...secret, issuer: auth.issuer, audience: auth.audience });
  expect(identity).toMatchObject({
    kind: "token",
    subject: "ann",
    id: expect.stringMatching(/.{20}/) as string,
  });
  expect(identity.grants.lists).toEqual({ subscribe: ["evals/**"], command: ["evals.*"] });
  const forMs = (identity.expiresAtMs ?? 0) - Date.now();
  expect(forMs).toBeGreaterThan(500_000);
  expect(forMs).toBeLessThanOrEqual(600_000);
  const [header = ""] = made.stdout.split(".");
  expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ alg: "HS256", kid: "k1" });
});

test("signs with the secret of a variable, with the claims that are given", async () => {
  const made = await token(
    ...["--secret", "env:JWT_SECRET", "--jti", "t1", "--iss", "me", "--aud", "you", "--expires", "1h"],
    ...["--admin", "**"],
  );
  const identity = await verified(made, { ...secret, issuer: "me", audience: "you" });
  expect(identity).toMatchObject({ id: "t1", grants: { isAdmin: true } });
  expect((identity.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
});

test.each([
  ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2_048 })],
  ["ES256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
  ["EdDSA", () => generateKeyPairSync("ed25519")],
] as const)("signs with a private key as %s", async (algorithm, generate) => {
  const { publicKey, privateKey } = generate();
  await writeFile(join(folder, "k.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  const made = await token("--key-file", "k.pem", "--algorithm", algorithm, "--publish", "a");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  expect((await verified(made, { jwt: [{ algorithm, publicKey: pem }] })).grants.lists).toEqual({
    publish: ["a"],
  });
});

test("without a grant it says that the token may do nothing", async () => {
  expect((await token("--secret", "env:JWT_SECRET")).stderr).toContain("may do nothing");
});

test.each([
  [[], "has no HS256 secret"],
  [["--secret", "hunter2hunter2"], "--secret must be env:"],
  [["--secret", "env:NO_SUCH"], "the variable NO_SUCH is not set"],
  [["--secret", "env:JWT_SECRET", "--algorithm", "RS256"], "the key is for HS256"],
  [["--secret", "env:JWT_SECRET", "--algorithm", "none"], "Allowed choices are HS256"],
  [["--secret", "env:JWT_SECRET", "--key-file", "k.pem"], "cannot be used with"],
])("%j is refused with exit code 2, and no secret is shown", async (args, reason) => {
  const { code, stdout, stderr } = await token(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(reason);
  expect(stderr).not.toContain("hunter2");
});

test("a file that is no private key is told", async () => {
  await writeFile(join(folder, "k.pem"), "nothing");
  expect(await token("--key-file", "k.pem")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("k.pem is not the PEM of a private key") as string,
  });
});
