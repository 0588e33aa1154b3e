import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TidingsError } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { exportJWK } from "jose";
import type { AuthOptions } from "../../src/auth/index.ts";
import { Verifier } from "../../src/auth/verifier.ts";
import { ec, ed25519, HS256, type KeyPair, mint, rsa, SECRET } from "./support.ts";

const GRANTS = { subscribe: ["evals/**"], command: ["evals.*"] };

describe("a token", () => {
  test.each([
    ["HS256", undefined],
    ["RS256", rsa()],
    ["ES256", ec()],
    ["EdDSA", ed25519()],
  ] as const)("signed by %s with the server's key is who and what it says", async (alg, pair) => {
    const jwt = pair === undefined ? [HS256] : [{ algorithm: alg as "RS256", publicKey: pair.pem }];
    const key = pair?.privateKey ?? new TextEncoder().encode(SECRET);
    const token = await mint(GRANTS, { sub: "ann", jti: "t1" }, { alg, key });
    const identity = await verifier({ jwt }).verify(token);
    expect(identity).toMatchObject({ kind: "token", subject: "ann", id: "t1" });
    expect(identity.grants.allows("subscribe", "evals/1")).toBe(true);
    expect(identity.grants.allows("publish", "evals/1")).toBe(false);
    expect(identity.expiresAtMs).toBeGreaterThan(Date.now());
  });

  test("with a signature by another key is refused", async () => {
    const token = await mint(GRANTS, {}, { key: new TextEncoder().encode(`${SECRET}!`) });
    await refuses({ jwt: [HS256] }, token, /signature/);
  });

  test("without a signature is refused, whatever its header says (RFC 8725 §3.2)", async () => {
    const [, payload] = (await mint(GRANTS)).split(".");
    for (const alg of ["none", "None", "NONE"]) {
      const header = Buffer.from(JSON.stringify({ alg })).toString("base64url");
      await refuses({ jwt: [HS256] }, `${header}.${payload}.`, /alg/);
    }
  });

  test("cannot have a public key taken for a shared secret (RFC 8725 §2.1)", async () => {
    const pair = rsa();
    const token = await mint(GRANTS, {}, { alg: "HS256", key: new TextEncoder().encode(pair.pem) });
    await refuses({ jwt: [{ algorithm: "RS256", publicKey: pair.pem }] }, token, /alg/);
  });

  test("that has expired is refused, but for the tolerance of clocks", async () => {
    const now = Math.floor(Date.now() / 1_000);
    await refuses({ jwt: [HS256] }, await mint(GRANTS, { exp: now - 60 }), /expired/);
    const barely = await mint(GRANTS, { exp: now - 60 });
    expect((await verifier({ jwt: [HS256], clockToleranceMs: 120_000 }).verify(barely)).kind).toBe("token");
  });

  test("that never expires is refused", async () => {
    await refuses({ jwt: [HS256] }, await mint(GRANTS, { exp: undefined }), /"exp" is missing/);
  });

  test("that does not hold yet is refused", async () => {
    const later = Math.floor(Date.now() / 1_000) + 300;
    await refuses({ jwt: [HS256] }, await mint(GRANTS, { nbf: later }), /"nbf" lies in the future/);
  });

  test("for another audience or of another issuer is refused, and so is one that names none", async () => {
    const options = { jwt: [HS256], audience: "tidings", issuer: "https://id.example" };
    const right = { aud: ["other", "tidings"], iss: "https://id.example" };
    expect((await verifier(options).verify(await mint(GRANTS, right))).kind).toBe("token");
    await refuses(options, await mint(GRANTS, { ...right, aud: "other" }), /"aud" is not/);
    await refuses(options, await mint(GRANTS, { ...right, aud: undefined }), /"aud" is missing/);
    await refuses(options, await mint(GRANTS, { ...right, iss: "https://evil.example" }), /"iss" is not/);
  });

  test.each([
    ["a word", "all"],
    ["an unknown right", { read: ["**"] }],
    ["a pattern that is none", { subscribe: ["a//b"] }],
    ["too many patterns", { subscribe: Array.from({ length: 257 }, (_, at) => `c${at}`) }],
    ["a prototype", JSON.parse('{"__proto__":{"admin":["**"]}}') as unknown],
  ])("whose grants are %s is refused", async (_, grants) => {
    await refuses({ jwt: [HS256] }, await mint(grants), /claim "tidings"/);
  });

  test("without grants may do nothing", async () => {
    const { grants } = await verifier({ jwt: [HS256] }).verify(await mint(undefined));
    expect(grants.allows("subscribe", "evals/1")).toBe(false);
  });

  test.each(["", "a", "a.b.c", "....", "eyJhbGciOiJIUzI1NiJ9..", "x".repeat(9_000)])(
    "that is none is refused: %j",
    (text) => refuses({ jwt: [HS256] }, text, /token/i),
  );

  test("is not repeated in what is said of it", async () => {
    const token = await mint({ subscribe: ["secret//name"] }, { sub: "ann" });
    const error = await faultOf({ jwt: [HS256] }, `${token}x`);
    expect(error.message).not.toContain(token.slice(0, 20));
  });

  test("may be by any of several keys, and kid says which", async () => {
    const [first, second] = [ec(), ec()];
    const jwt = [first, second].map((pair, at) => ({
      algorithm: "ES256" as const,
      publicKey: pair.pem,
      kid: `k${at}`,
    }));
    const by = (pair: KeyPair, kid?: string): Promise<string> =>
      mint(GRANTS, {}, { alg: "ES256", key: pair.privateKey, ...(kid === undefined ? {} : { kid }) });
    expect((await verifier({ jwt }).verify(await by(second))).kind).toBe("token");
    expect((await verifier({ jwt }).verify(await by(second, "k1"))).kind).toBe("token");
    await refuses({ jwt }, await by(second, "k0"), /signature/);
    await refuses({ jwt }, await by(second, "k2"), /kid/);
  });
});

describe("a key set (RFC 7517)", () => {
  test("is read by its URL, and anew for a key that it did not have", async () => {
    const [old, next] = [ec(), ec()];
    await using keys = await keySet([["old", old]]);
    const by = (pair: KeyPair, kid: string): Promise<string> =>
      mint(GRANTS, {}, { alg: "ES256", key: pair.privateKey, kid });
    const verify = verifier({ jwt: [{ jwks: keys.url }] });
    expect((await verify.verify(await by(old, "old"))).kind).toBe("token");
    expect(keys.asked()).toBe(1);
    // Not for each token with a name of its own: within the cool-down the set is not asked for again.
    await expect(verify.verify(await by(next, "next"))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(keys.asked()).toBe(1);
    await keys.set([["next", next]]);
    const fresh = verifier({ jwt: [{ jwks: keys.url }] });
    expect((await fresh.verify(await by(next, "next"))).kind).toBe("token");
  });

  test("that cannot be read is told as such, and lets nobody in", async () => {
    const keys = await keySet([]);
    await keys[Symbol.asyncDispose]();
    const token = await mint(GRANTS, {}, { alg: "ES256", key: ec().privateKey, kid: "a" });
    const error = await faultOf({ jwt: [{ jwks: keys.url }] }, token);
    expect(error.code).toBe("AUTH_UNAVAILABLE");
    expect(error.retryable).toBe(true);
  });

  test("is never a place for shared secrets", async () => {
    await using keys = await keySet([]);
    await refuses({ jwt: [{ jwks: keys.url }] }, await mint(GRANTS), /alg/);
  });
});

describe("a key that would not be safe is refused before the server starts", () => {
  test.each([
    ["a short secret", { algorithm: "HS256", secret: "x".repeat(31) }, /31 bytes.*32/],
    ["a short secret in base64", { algorithm: "HS256", secret: "base64:QUJD" }, /3 bytes/],
    [
      "a variable that is not set",
      { algorithm: "HS256", secret: "env:TIDINGS_NOT_SET" },
      /TIDINGS_NOT_SET is not set/,
    ],
    ["a short RSA key", { algorithm: "RS256", publicKey: rsa(1_024).pem }, /1024 bits/],
    ["another kind of key", { algorithm: "RS256", publicKey: ec().pem }, /ec, which is not for RS256/],
    ["another curve", { algorithm: "ES256", publicKey: ec("P-384").pem }, /not for ES256/],
    [
      "text",
      { algorithm: "RS256", publicKey: "-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----" },
      /not a public key/,
    ],
    ["a file that is not there", { algorithm: "RS256", publicKey: "/nowhere/key.pem" }, /ENOENT/],
    [
      "a private key",
      {
        algorithm: "EdDSA",
        publicKey: ed25519().privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      },
      /private/,
    ],
  ] as const)("%s", (_, key, message) => {
    expect(() => verifier({ jwt: [key] })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => verifier({ jwt: [key] })).toThrow(message);
  });
});

function verifier(options: AuthOptions): Verifier {
  return new Verifier(options, Date.now());
}

async function faultOf(options: AuthOptions, token: string): Promise<TidingsError> {
  try {
    await verifier(options).verify(token);
  } catch (error) {
    if (error instanceof TidingsError) return error;
    throw error;
  }
  throw new Error("the token was taken");
}

async function refuses(options: AuthOptions, token: string, message: RegExp): Promise<void> {
  const error = await faultOf(options, token);
  expect(error.code).toBe("UNAUTHENTICATED");
  expect(error.message).toMatch(message);
}

async function keySet(pairs: readonly (readonly [kid: string, pair: KeyPair])[]): Promise<
  AsyncDisposable & {
    readonly url: string;
    readonly asked: () => number;
    readonly set: (pairs: readonly (readonly [string, KeyPair])[]) => Promise<void>;
  }
> {
  let asked = 0;
  let keys: unknown[] = [];
  const set = async (next: typeof pairs): Promise<void> => {
    keys = await Promise.all(
      next.map(async ([kid, pair]) => ({
        ...(await exportJWK(pair.publicKey)),
        kid,
        alg: "ES256",
        use: "sig",
      })),
    );
  };
  await set(pairs);
  const server = createServer((_, res) => {
    asked++;
    res.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    asked: () => asked,
    set,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
