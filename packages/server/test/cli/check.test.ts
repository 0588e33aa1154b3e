import { execFile, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { publicKeyOf } from "../../src/auth/jwt-keys.ts";
import { tidings } from "./support/tidings.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const SECRET = "a secret of thirty-two bytes, yes";
const HS256 = { algorithm: "HS256", secret: "env:JWT_SECRET" };
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

interface Finding {
  readonly level: "error" | "warning";
  readonly about: string;
  readonly message: string;
}

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-check-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** What `tidings check --json` finds in this configuration. */
async function check(config: object, ...flags: readonly string[]): Promise<readonly Finding[]> {
  await writeFile(join(folder, "tidings.config.json"), JSON.stringify(config));
  const { code, stdout } = await tidings(["check", "--json", "--limit", "maxConnections=10", ...flags], {
    cwd: folder,
    env: { JWT_SECRET: SECRET },
  });
  const { ok, findings } = JSON.parse(stdout) as {
    readonly ok: boolean;
    readonly findings: readonly Finding[];
  };
  expect(ok).toBe(!findings.some(({ level }) => level === "error"));
  expect(code).toBe(ok ? 0 : 1);
  expect(stdout).not.toContain(SECRET);
  return findings;
}

const found = (level: Finding["level"], about: string, part: string): Finding => ({
  level,
  about,
  message: expect.stringContaining(part) as string,
});

describe("tidings check", () => {
  test("of a configuration with nothing wrong says so, and ends with 0", async () => {
    expect(await check({ auth: { jwt: [HS256] } })).toEqual([]);
    const text = await tidings(["check", "--limit", "maxConnections=10"], {
      cwd: folder,
      env: { JWT_SECRET: SECRET },
    });
    expect(text).toMatchObject({ code: 0, stdout: "Nothing wrong or careless was found.\n" });
  });

  test("tells people what is wrong and what to do, errors first, and ends with 1", async () => {
    const args = ["check", "--limit", "maxConnections=10", "--host", "0.0.0.0", "--data", "d"];
    const { code, stdout } = await tidings(args, { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^error {4}auth\n.*tidings key create --name admin --admin '\*\*' --data d\n/);
    expect(stdout).toContain("warning  allowedHosts\n");
    expect(stdout).toMatch(/\n1 error, 1 warning\.\n$/);
  });

  test("tells all that is not valid, as `tidings serve` would", async () => {
    expect(await check({ port: "x", auth: { jwt: [{ ...HS256, secret: "short" }] } })).toEqual([
      found("error", "port", "file tidings.config.json: port is"),
    ]);
    expect(await check({ auth: { jwt: [{ ...HS256, secret: "short" }] } })).toEqual([
      found("error", "auth.jwt[0].secret", "at least 32"),
    ]);
  });

  test("no authentication is a warning on loopback, and where the server was opened on purpose", async () => {
    expect(await check({})).toEqual([found("warning", "auth", "every user of this machine")]);
    expect(await check({ auth: { jwt: [HS256] }, trustedProxies: ["10.0.0.0/8", "0.0.0.0/0"] })).toEqual([
      found("warning", "trustedProxies", "0.0.0.0/0 is everybody"),
    ]);
    expect(await check({ host: "0.0.0.0", open: true, allowedHosts: ["a"] })).toEqual([
      found("warning", "open", "everyone who reaches 0.0.0.0"),
    ]);
  });

  test.each([
    [{ anonymous: { subscribe: ["public/**"] } }, "auth.anonymous", "subscribe: public/**"],
    [
      { jwt: [{ ...HS256, secret: `${SECRET}!` }] },
      "auth.jwt[0].secret",
      "stands in the configuration itself",
    ],
    [{ keys: "keys.json" }, "auth", "nobody can come in"],
  ])("%j is a warning at %s", async (auth, about, part) => {
    expect(await check({ auth })).toEqual([found("warning", about, part)]);
  });

  test("a secret that does not look random is a warning", async () => {
    await writeFile(join(folder, "tidings.config.json"), JSON.stringify({ auth: { jwt: [HS256] } }));
    const env = { JWT_SECRET: "password".repeat(5) };
    const { stdout } = await tidings(["check", "--limit", "maxConnections=10"], { cwd: folder, env });
    expect(stdout).toContain("does not look random");
    expect(stdout).not.toContain("password");
  });

  test("all origins are a warning", async () => {
    expect(await check({ auth: { jwt: [HS256] }, cors: { origins: ["*"] } })).toEqual([
      found("warning", "cors.origins", "pages of all origins"),
    ]);
  });
});

describe("tidings check: the machine", () => {
  test("fewer descriptors than connections are a warning, with the number that is needed", async () => {
    const args = [
      "-c",
      'ulimit -n 200 && exec "$0" "$@"',
      process.execPath,
      MAIN,
      "check",
      "--limit",
      "maxConnections=1000",
    ];
    const { stdout } = await promisify(execFile)("sh", args, { cwd: folder });
    expect(stdout).toContain("a process may have 200 files open");
    expect(stdout).toContain("ulimit -n 1064");
  });

  test("more workers than cores are a warning", async () => {
    const config = { auth: { jwt: [HS256] } };
    const most = availableParallelism();
    expect(await check(config, "--workers", String(most))).toEqual([]);
    expect(await check(config, "--workers", "auto")).toEqual([]);
    expect(await check(config, "--workers", String(most + 1))).toEqual([
      found("warning", "workers", `this machine gives a process ${most} cores`),
    ]);
  });

  test("a data folder that is none is an error, and one that others may read a warning", async () => {
    const config = { auth: { jwt: [HS256] } };
    await writeFile(join(folder, "file"), "");
    expect(await check(config, "--data", "file")).toEqual([found("error", "data", "is no folder")]);
    await mkdir(join(folder, "shared"));
    await chmod(join(folder, "shared"), 0o755);
    expect(await check(config, "--data", "shared")).toEqual([found("warning", "data", "chmod 700")]);
    expect(await check(config, "--data", "shared", "--log", "memory")).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)(
    "a data folder that may not be written to is an error (needs a user other than the superuser)",
    async () => {
      await mkdir(join(folder, "closed"), { mode: 0o500 });
      expect(await check({ auth: { jwt: [HS256] } }, "--data", "closed/data")).toEqual([
        found("error", "data", "may not be written to (EACCES)"),
      ]);
    },
  );

  test("a key file that others may read is a warning, one that they may write to or replace an error", async () => {
    const path = join(folder, "k", "keys.json");
    await tidings(["key", "create", "--name", "a", "--admin", "**", "--keys", path]);
    const config = { auth: { keys: path } };
    expect(await check(config)).toEqual([]);
    await chmod(path, 0o644);
    expect(await check(config)).toEqual([found("warning", "auth.keys", `chmod 600 ${path}`)]);
    await chmod(path, 0o666);
    expect(await check(config)).toEqual([found("error", "auth.keys", "make a key for themselves")]);
    await chmod(path, 0o600);
    await chmod(join(folder, "k"), 0o777);
    expect(await check(config)).toEqual([found("error", "auth.keys", "put another file in its place")]);
  });

  test("a key that has expired is a warning", async () => {
    await tidings(["key", "create", "--name", "b", "--admin", "**", "--expires", "1ms"], { cwd: folder });
    await tidings(["key", "create", "--name", "a", "--admin", "**"], { cwd: folder });
    expect(await check({})).toEqual([found("warning", "auth.keys", "(b) expired at")]);
  });

  test.skipIf(!hasOpenssl)(
    "a certificate that ends soon is a warning, and one that has ended is refused (needs openssl)",
    async () => {
      const made = spawnSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-keyout",
          "k.pem",
          "-out",
          "c.pem",
          "-days",
          "10",
          "-subj",
          "/CN=a",
        ],
        { cwd: folder },
      );
      expect(made.status).toBe(0);
      expect(await check({ auth: { jwt: [{ algorithm: "RS256", publicKey: "c.pem" }] } })).toEqual([
        found("warning", "auth.jwt[0].publicKey", "ends in 9 days"),
      ]);
      const key = { algorithm: "RS256", publicKey: join(folder, "c.pem") } as const;
      expect(() => publicKeyOf(key, Date.now() + 11 * 86_400_000)).toThrow(/expired on/);
    },
  );
});

describe("tidings check: an application that is asked", () => {
  test("is to be asked by TLS, and by questions that are signed by a secret of the environment", async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const url = "http://app.invalid/tidings";
    expect(await check({ auth: { callback: { url } } })).toEqual([
      found("warning", "auth.callback.url", "without TLS"),
      found("warning", "auth.callback.secret", "not signed"),
    ]);
    const inside = await check({ auth: { callback: { url: "http://127.0.0.1:1/", secret } } });
    expect(inside).toEqual([found("warning", "auth.callback.secret", "stands in the configuration itself")]);
    expect(JSON.stringify(inside)).not.toContain(secret);
    const named = { url: "https://app.invalid/", secret: "env:JWT_SECRET" };
    expect(await check({ auth: { callback: named } })).toEqual([
      found("error", "auth.callback.secret", "names the variable JWT_SECRET"),
    ]);
  });

  test("that is not asked who connects lets nobody in by itself", async () => {
    const callback = { url: "https://app.invalid/", actions: ["publish"] };
    expect(await check({ auth: { callback } })).toContainEqual(
      found("warning", "auth", "nobody can come in"),
    );
  });
});

describe("tidings check: a key set", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" });
  const json = (keys: readonly object[]) => (res: ServerResponse) => void res.end(JSON.stringify({ keys }));

  /** What is found where the set's URL is answered so. */
  async function checkSet(answer: (res: ServerResponse) => void): Promise<readonly Finding[]> {
    const server = createServer((_, res) => answer(res)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
    try {
      return await check({ auth: { jwt: [{ jwks }], audience: "tidings" } });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test("with a key that tokens can be verified with is good", async () => {
    expect(await checkSet(json([jwk]))).toEqual([]);
  });

  test.each<[string, (res: ServerResponse) => void, string]>([
    ["cannot be reached", (res) => void res.destroy(), "cannot be read"],
    ["answers something else", (res) => void res.end("<html>"), "is no JWK Set"],
    ["answers a fault", (res) => void res.writeHead(500).end(), "answers 500"],
    ["is elsewhere", (res) => void res.writeHead(302, { location: "/" }).end(), "answers 302"],
    ["has no key of use", json([{ ...jwk, crv: "P-384" }]), "holds no key for"],
    ["has a shared secret", json([jwk, { kty: "oct", k: "c2VjcmV0" }]), "gives to everyone"],
    ["has a private key", json([privateKey.export({ format: "jwk" })]), "gives to everyone"],
  ])("that %s is an error", async (_, answer, part) => {
    expect(await checkSet(answer)).toEqual([found("error", "auth.jwt[0].jwks", part)]);
  });

  test("from a machine whose clock is apart by more than the tolerance is a warning", async () => {
    const date = new Date(Date.now() - 120_000).toUTCString();
    const late = await checkSet((res) => json([jwk])(res.setHeader("date", date)));
    expect(late).toEqual([found("warning", "auth.jwt[0].jwks", "s ahead of that of the key set's")]);
    const soon = new Date(Date.now() + 120_000).toUTCString();
    const early = await checkSet((res) => json([jwk])(res.setHeader("date", soon)));
    expect(early).toEqual([found("warning", "auth.jwt[0].jwks", "s behind that of the key set's")]);
  });

  test("that is fetched without TLS from another machine, or without an audience, is a warning", async () => {
    const findings = await check({ auth: { jwt: [{ jwks: "http://id.invalid/jwks.json" }] } });
    expect(findings).toEqual([
      found("error", "auth.jwt[0].jwks", "cannot be read"),
      found("warning", "auth.jwt[0].jwks", "without TLS"),
      found("warning", "auth.audience", "another service"),
    ]);
  });
});
