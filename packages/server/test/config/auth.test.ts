import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, loadConfig, type LoadedConfig, type LoadOptions } from "../../src/config/index.ts";
import { tidings } from "../cli/support/tidings.ts";

const SECRET = "a secret of thirty-two bytes, yes";
const HS256 = { algorithm: "HS256", secret: SECRET };
const NO_KEYS = JSON.stringify({ v: 1, keys: [] });

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-config-auth-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(
  auth: unknown,
  options: LoadOptions & { readonly more?: object } = {},
): Promise<LoadedConfig> {
  await writeFile(join(folder, "tidings.config.json"), JSON.stringify({ auth, ...options.more }));
  return loadConfig({ folder, environment: {}, ...options });
}

/** The lines of the error, without its first. */
async function problemsOf(...args: Parameters<typeof load>): Promise<string> {
  const error: unknown = await load(...args).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error("it was taken as valid", { cause: error });
  expect(error.message).not.toContain(SECRET.slice(0, 12));
  return error.message.split("\n").slice(1).join("\n");
}

describe("the section auth", () => {
  test("is not in force where nothing is configured: nobody is asked", async () => {
    expect((await load({})).auth).toBeUndefined();
    expect((await load({ anonymous: { subscribe: [] }, clockToleranceMs: "1s" })).auth).toBeUndefined();
  });

  test("is in force with what tokens are verified with", async () => {
    const { auth } = await load({
      jwt: [HS256],
      issuer: "https://id.example",
      audience: "tidings",
      clockToleranceMs: "30s",
      cookie: "__Host-tidings",
    });
    expect(auth).toEqual({
      jwt: [HS256],
      issuer: "https://id.example",
      audience: "tidings",
      clockToleranceMs: 30_000,
      keys: join(folder, "data", "keys.json"),
      cookie: "__Host-tidings",
      anonymous: {},
    });
  });

  test("is in force with an application that is asked", async () => {
    const callback = {
      url: "https://app.example/tidings",
      secret: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
      actions: ["connect", "publish"],
      timeoutMs: "500ms",
      cacheMs: "1m",
      headers: ["Cookie"],
    };
    const expected = { ...callback, timeoutMs: 500, cacheMs: 60_000 };
    expect((await load({ callback })).auth?.callback).toEqual(expected);
    const environment = { TIDINGS_AUTH_CALLBACK: JSON.stringify(callback) };
    expect((await load({ callback: null }, { environment })).auth?.callback).toEqual(expected);
    expect((await load({ callback: null })).auth).toBeUndefined();
  });

  test("is in force with grants for those who show nothing", async () => {
    const { auth } = await load({ anonymous: { subscribe: ["public/**"] } });
    expect(auth?.anonymous).toEqual({ subscribe: ["public/**"] });
  });

  test("is in force where there is a file of keys, even with none in it", async () => {
    await mkdir(join(folder, "data"));
    await writeFile(join(folder, "data", "keys.json"), NO_KEYS);
    expect((await load(undefined)).auth?.keys).toBe(join(folder, "data", "keys.json"));
  });

  test("is in force where a file of keys is named that is not there: a slip must not open the server", async () => {
    expect((await load({ keys: "kees.json" })).auth?.keys).toBe(join(folder, "kees.json"));
  });

  test("has paths from the configuration file's folder on, and those of variables from the working folder on", async () => {
    const pem = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
    await mkdir(join(folder, "etc"));
    await writeFile(join(folder, "etc", "id.pem"), pem);
    await writeFile(join(folder, "id.pem"), pem);
    const jwt = [{ algorithm: "EdDSA", publicKey: "id.pem" }];
    await writeFile(join(folder, "etc", "t.json"), JSON.stringify({ auth: { jwt, keys: "k.json" } }));
    const byFile = await loadConfig({ folder, environment: {}, file: "etc/t.json" });
    expect(byFile.auth).toMatchObject({
      jwt: [{ publicKey: join(folder, "etc", "id.pem") }],
      keys: join(folder, "etc", "k.json"),
    });
    const environment = { TIDINGS_AUTH_JWT: JSON.stringify(jwt), TIDINGS_AUTH_KEYS: "k.json" };
    expect((await loadConfig({ folder, environment })).auth).toMatchObject({
      jwt: [{ publicKey: join(folder, "id.pem") }],
      keys: join(folder, "k.json"),
    });
  });

  test("may name a variable that begins with TIDINGS_ for a secret, which is no misspelt field then", async () => {
    const environment = { TIDINGS_JWT_SECRET: SECRET };
    const { auth } = await load({ jwt: [{ ...HS256, secret: "env:TIDINGS_JWT_SECRET" }] }, { environment });
    expect(auth?.jwt).toEqual([{ ...HS256, secret: "env:TIDINGS_JWT_SECRET" }]);
    expect(await problemsOf({}, { environment })).toContain("no field has this variable");
  });
});

describe("what is wrong with the section auth", () => {
  test.each([
    ["none", { jwt: [{ algorithm: "none" }] }, 'auth.jwt[0].algorithm is "none"; it must be "HS256" or'],
    ["no algorithm", { jwt: [{ secret: SECRET }] }, "auth.jwt[0].algorithm is missing"],
    ["no secret", { jwt: [{ algorithm: "HS256" }] }, "auth.jwt[0].secret is missing"],
    ["no public key", { jwt: [{ algorithm: "RS256" }] }, "auth.jwt[0].publicKey is missing"],
    [
      "a secret for RS256",
      { jwt: [{ algorithm: "RS256", publicKey: "a.pem", secret: SECRET }] },
      "auth.jwt[0].secret is something else; it must be left out",
    ],
    [
      "a key beside a set",
      { jwt: [{ jwks: "https://a/jwks", secret: SECRET }] },
      "auth.jwt[0].secret is something else; it must be left out",
    ],
    ["a set with a credential", { jwt: [{ jwks: "https://me:hunter2@a/" }] }, "auth.jwt[0].jwks is"],
    ["an unknown member", { jwt: [{ ...HS256, sekret: SECRET }] }, "did you mean auth.jwt[0].secret?"],
    [
      "17 keys",
      { jwt: Array.from({ length: 17 }, () => HS256) },
      "auth.jwt is an array; it must be an array of at most 16",
    ],
    ["a number as a secret", { jwt: [{ ...HS256, secret: 12_345 }] }, "auth.jwt[0].secret is something else"],
    [
      "a variable's name that is none",
      { jwt: [{ ...HS256, secret: "env:my secret" }] },
      "auth.jwt[0].secret is something else",
    ],
    [
      "a weak secret",
      { jwt: [{ ...HS256, secret: "hunter2" }] },
      "an HS256 secret has 7 bytes, and must have at least 32",
    ],
    [
      "a variable that is not set",
      { jwt: [{ ...HS256, secret: "env:NO_SUCH" }] },
      "the variable NO_SUCH is not set",
    ],
    [
      "a PEM file that is not there",
      { jwt: [{ algorithm: "ES256", publicKey: "no.pem" }] },
      "no.pem cannot be read (ENOENT)",
    ],
    ["an issuer without tokens", { issuer: "https://id.example" }, "auth.issuer is given without auth.jwt"],
    ["an audience without tokens", { audience: "a" }, "auth.audience is given without auth.jwt"],
    ["a cookie without tokens or keys", { cookie: "t" }, "auth.cookie is given, and nobody is asked for it"],
    ["a cookie's name that is none", { cookie: "a b" }, "auth.cookie is"],
    ["a right that is none", { anonymous: { read: ["a"] } }, "auth.anonymous.read is no field"],
    ["a pattern that is none", { anonymous: { publish: ["a//b"] } }, "auth.anonymous.publish[0] is"],
    ["a callback without a URL", { callback: {} }, "auth.callback.url is missing"],
    [
      "a callback's short secret",
      { callback: { url: "https://a/", secret: "hunter2" } },
      "auth.callback.secret is something else",
    ],
    [
      "a callback's variable that is not set",
      { callback: { url: "https://a/", secret: "env:NO_SUCH" } },
      "auth.callback.secret names the variable NO_SUCH",
    ],
    [
      "a callback about something else",
      { callback: { url: "https://a/", actions: ["delete"] } },
      "auth.callback.actions[0] is",
    ],
    [
      "a callback's unknown member",
      { callback: { url: "https://a/", sekret: "x" } },
      "did you mean auth.callback.secret?",
    ],
    ["admin for everyone", { anonymous: { admin: ["a"] } }, "auth.anonymous.admin is given"],
    [
      "publishing everywhere for everyone",
      { anonymous: { publish: ["a", "**"] } },
      'auth.anonymous.publish has "**"',
    ],
    ["the same in other words", { anonymous: { publish: ["*/**"] } }, 'auth.anonymous.publish has "*/**"'],
  ])("%s is told with its field, and no secret", async (_, auth, told) => {
    const problems = await problemsOf(auth);
    expect(problems).toContain(told);
    expect(problems.split("\n")).toHaveLength(1);
    expect(problems).not.toMatch(/hunter2|12345/);
  });

  test("a private key where a public one belongs is refused, and not shown", async () => {
    const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    for (const entry of [
      { algorithm: "EdDSA", publicKey: pem },
      { algorithm: "HS256", secret: SECRET, publicKey: pem },
    ]) {
      const problems = await problemsOf({ jwt: [entry] });
      expect(problems).toMatch(/private|left out/);
      expect(problems).not.toContain(pem.slice(30, 50));
    }
  });

  test("open together with it is a contradiction", async () => {
    const more = { open: true };
    expect(await problemsOf({ jwt: [HS256] }, { more })).toContain(
      "open is true, and auth.jwt says who may come in",
    );
    expect(await problemsOf({ anonymous: { subscribe: ["a"] } }, { more })).toContain(
      "and auth.anonymous says",
    );
    expect(await problemsOf({ keys: "k.json" }, { more })).toContain(
      `the key file ${join(folder, "k.json")}`,
    );
  });

  test("all origins together with a cookie is a contradiction: any page could act for who visits it", async () => {
    const more = { cors: { origins: ["*"] } };
    expect(await problemsOf({ jwt: [HS256], cookie: "t" }, { more })).toContain(
      'cors.origins has "*" together with',
    );
  });

  test("all origins together with an application that sees cookies, too", async () => {
    const more = { cors: { origins: ["*"] } };
    const callback = { url: "https://a/", headers: ["Cookie"] };
    expect(await problemsOf({ callback }, { more })).toContain(
      'cors.origins has "*" together with an auth.callback',
    );
  });

  test("a file of keys that is something else is told", async () => {
    await writeFile(join(folder, "k.json"), "{}");
    expect(await problemsOf({ keys: "k.json" })).toContain("auth.keys cannot be used");
  });

  test("text that is not JSON is not shown, since a secret may be a part of it", async () => {
    const environment = { TIDINGS_AUTH_JWT: `[{"secret":"${SECRET}"` };
    expect(await problemsOf({}, { environment })).toContain("auth.jwt is text that is not JSON");
  });
});

test("`tidings config --print` shows the name of a secret's variable, and never a secret", async () => {
  const jwt = [HS256, { ...HS256, secret: "env:HIDDEN" }];
  const secret = `whsec_${Buffer.from(SECRET).toString("base64")}`;
  const env = {
    TIDINGS_AUTH_JWT: JSON.stringify(jwt),
    TIDINGS_AUTH_CALLBACK: JSON.stringify({ url: "https://a/", secret }),
    HIDDEN: SECRET,
  };
  for (const args of [["--print"], ["--json"]]) {
    const { code, stdout } = await tidings(["config", ...args], { env, cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain("env:HIDDEN");
    expect(stdout).toContain("…");
    expect(stdout).not.toContain(SECRET.slice(0, 12));
    expect(stdout).toContain("whsec_…");
    expect(stdout).not.toContain(secret.slice(6, 18));
  }
});

test("`tidings config --print` shows a log's URL without its password, as do its faults", async () => {
  for (const args of [["--print"], ["--json"]]) {
    const env = { TIDINGS_LOG: "redis://me:s3cret@10.0.0.5" };
    const { code, stdout } = await tidings(["config", ...args], { env, cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain("redis://me:***@10.0.0.5");
    expect(stdout).not.toContain("s3cret");
  }
  const env = { TIDINGS_LOG: "redis://me:s3cret@10.0.0.5/none" };
  const { code, stderr } = await tidings(["config"], { env, cwd: folder });
  expect([code, stderr]).toEqual([2, expect.stringContaining("where Redis or NATS is")]);
  expect(stderr).not.toContain("s3cret");
});
