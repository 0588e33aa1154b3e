import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkChannel,
  compilePattern,
  ERRORS,
  formatCursor,
  parseClientFrame,
  parseCursor,
  parsePosition,
  TidingsError,
} from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Verifier } from "../../src/auth/verifier.ts";
import { ConfigError, loadConfig } from "../../src/config/index.ts";
import { Addresses } from "../../src/http/address.ts";
import { HS256, SECRET } from "../auth/support.ts";

// fast-check prints the seed, and the smallest value that fails.

/** Text that is nearly right, and text of any kind. */
function near(alphabet: string): fc.Arbitrary<string> {
  const unit = fc.constantFrom(...alphabet.split(""), "\0", "\r", "\n", "%", "é", "\ud800", "__proto__");
  return fc.oneof(fc.string({ unit, maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 }));
}

/** Runs it; what it throws has to be a fault with a code. */
function codeOf(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    if (!(error instanceof TidingsError) || !Object.hasOwn(ERRORS, error.code)) throw error;
    expect(error.message.length).toBeLessThan(1_000);
    return error.code;
  }
}

describe("whatever is given as", () => {
  test("a cursor is one that is written back as it was read, or none", () => {
    fc.assert(
      fc.property(near("0123456789.ab"), (text) => {
        const cursor = parseCursor(text);
        if (cursor !== undefined) expect(formatCursor(cursor)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a composite position is read, or is a fault with a code", () => {
    fc.assert(
      fc.property(near("a/@.,01x"), (text) => {
        expect(["", "CURSOR_INVALID", "CHANNEL_NAME_INVALID", "POSITION_TOO_LARGE"]).toContain(
          codeOf(() => parsePosition(text)),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test("a channel's name is of the characters that names have, or CHANNEL_NAME_INVALID", () => {
    fc.assert(
      fc.property(near("ab/.~-_$%2e"), (text) => {
        const code = codeOf(() => checkChannel(text));
        if (code === "") expect(text).toMatch(/^\$?[A-Za-z0-9._~/-]{1,255}$/);
        else expect(code).toBe("CHANNEL_NAME_INVALID");
        if (code === "") expect(text.split("/").some((part) => ["", ".", ".."].includes(part))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a pattern matches no name but such as it says: no system channel by a star, nothing above its own path", () => {
    fc.assert(
      fc.property(near("ab*/."), near("ab/.$"), (pattern, name) => {
        let matches: (channel: string) => boolean = () => false;
        if (codeOf(() => (matches = compilePattern(pattern))) !== "") return;
        if (codeOf(() => checkChannel(name)) !== "" || !matches(name)) return;
        expect(name.startsWith("$")).toBe(pattern.startsWith("$"));
        const fixed = pattern.split("*")[0] as string;
        expect(name.startsWith(fixed)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a frame is one, or a fault with a code", () => {
    const json = fc.oneof(
      fc.json(),
      near('{}[]":,type"publish"'),
      fc.jsonValue().map((data) => JSON.stringify({ type: "publish", id: "1", channel: "a", data })),
    );
    fc.assert(
      fc.property(json, (text) => {
        expect(["", "FRAME_INVALID"]).toContain(codeOf(() => parseClientFrame(text)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a forwarding header, of a proxy that is trusted, is an address, or is passed over", () => {
    const addresses = new Addresses(["10.0.0.1"]);
    const header = fc.oneof(near('for="[]:;, 10.0.0.1'), near("1.,: f"));
    fc.assert(
      fc.property(header, fc.boolean(), (text, isOld) => {
        const headers = { [isOld ? "x-forwarded-for" : "forwarded"]: text };
        const req = { socket: { remoteAddress: "10.0.0.1" }, headers } as unknown as IncomingMessage;
        expect(addresses.of(req)).toMatch(/^[0-9A-Fa-f.:%\w]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("tokens", () => {
  const verifier = new Verifier({ jwt: [HS256] }, Date.now());

  test("of any kind are refused with a code, and no claim makes more of itself than it is", async () => {
    const part = fc.oneof(
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc
        .constantFrom(
          '{"alg":"none"}',
          '{"alg":"HS256","crit":["x"]}',
          '{"alg":"HS256","b64":false}',
          '{"alg":["HS256"]}',
        )
        .map((text) => Buffer.from(text).toString("base64url")),
      near("eyJ.-_="),
    );
    const any = fc.oneof(
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")),
      near("eyJ."),
    );
    await fc.assert(
      fc.asyncProperty(any, async (token) => {
        await expect(verifier.verify(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
      }),
      { numRuns: 500 },
    );
  });

  test("that are signed may claim anything, and get what the claim's lists say or nothing", async () => {
    const claim = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom("subscribe", "publish", "admin", "isAdmin", "__proto__", "constructor"),
        fc.jsonValue(),
      ),
    );
    const exp = Math.floor(Date.now() / 1_000) + 600;
    await fc.assert(
      fc.asyncProperty(claim, fc.jsonValue(), async (tidings, sub) => {
        const payload = `{"exp":${exp},"sub":${JSON.stringify(sub)},"tidings":${JSON.stringify(tidings)},"__proto__":{"tidings":{"admin":["**"]}}}`;
        const signed = sign(payload);
        const found = await verifier.verify(signed).catch((error: unknown) => codeOf(() => raise(error)));
        const admin: unknown = (tidings as { admin?: unknown } | null)?.admin;
        if (typeof found === "string") expect(found).toBe("UNAUTHENTICATED");
        else expect(found.grants.isAdmin).toBe(Array.isArray(admin) && admin.includes("**"));
      }),
      { numRuns: 500 },
    );
  });

  test("with claims as deep as a token may be are refused, and nothing overflows", async () => {
    const deep = "[".repeat(3_000) + "]".repeat(3_000);
    await expect(
      verifier.verify(sign(`{"exp":9999999999,"tidings":{"subscribe":${deep}}}`)),
    ).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });
});

/** As a backend that has the secret would, whatever the payload is. */
function sign(payload: string): string {
  const input = `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}

function raise(error: unknown): never {
  throw error;
}

describe("a configuration", () => {
  test("of anything is taken, or refused with all that is wrong with it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-fuzz-config-"));
    const field = fc.constantFrom(
      "host",
      "port",
      "log",
      "limits",
      "auth",
      "policies",
      "commands",
      "cors",
      "drainMs",
      "__proto__",
      "constructor",
      "x",
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.dictionary(
        fc.constantFrom("jwt", "keys", "anonymous", "maxMessageBytes", "pattern", "origins", "__proto__"),
        fc.jsonValue({ maxDepth: 3 }),
      ),
      fc.array(fc.record({ pattern: near("a*/"), url: near("http://a") }), { maxLength: 2 }),
    );
    const text = fc.oneof(
      fc.dictionary(field, value).map((config) => JSON.stringify(config)),
      fc.json(),
      near('{}":,'),
    );
    await fc.assert(
      fc.asyncProperty(text, near("0123smhKMB"), async (config, variable) => {
        await writeFile(join(folder, "tidings.config.json"), config);
        const environment = { TIDINGS_DRAIN_MS: variable, TIDINGS_POLICIES: variable };
        const error: unknown = await loadConfig({ folder, environment }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(ConfigError);
      }),
      { numRuns: 300 },
    );
    await rm(folder, { recursive: true });
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  test.each([
    `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
    `${'{"auth":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  ])("that is deeper than any (%.8s…) is refused", async (text) => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-fuzz-config-"));
    await writeFile(join(folder, "tidings.config.json"), text);
    await expect(loadConfig({ folder, environment: {} })).rejects.toBeInstanceOf(ConfigError);
    await rm(folder, { recursive: true });
  });
});
