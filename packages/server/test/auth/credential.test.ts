import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { credentialOf } from "../../src/auth/index.ts";

describe("what a request shows", () => {
  test("is the bearer token of its header, the scheme in any case (RFC 9110 §11.1)", () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"])
      expect(shown({ authorization: `${scheme} abc.def-_~+/==` })).toEqual({
        by: "header",
        text: "abc.def-_~+/==",
      });
  });

  test.each(["Basic YTpi", "Bearer", "Bearer a b", "Bearer a,b", "abc"])(
    "is nothing that can be used where the header is %j (RFC 6750 §2.1)",
    (authorization) => {
      expect(() => shown({ authorization })).toThrow(expect.objectContaining({ code: "UNAUTHENTICATED" }));
    },
  );

  test("is the ticket of its URL, the header going before", () => {
    expect(shown({}, { query: "ticket=t1" })).toEqual({ by: "ticket", text: "t1" });
    expect(shown({ authorization: "Bearer a" }, { query: "ticket=t1" })).toEqual({ by: "header", text: "a" });
  });

  test("is the cookie of the configured name, and of no other", () => {
    const headers = { cookie: 'a=1; session="abc"; sessions=x' };
    expect(shown(headers)).toEqual({ by: "cookie", text: "abc" });
    expect(shown({ cookie: "a=1; sessions=x" })).toBeUndefined();
    expect(shown(headers, { cookie: null })).toBeUndefined();
  });

  test("is not a cookie, where any page may have made the browser send it", () => {
    const cookie = { cookie: "session=abc" };
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect(() => shown(cookie, { method })).toThrow(expect.objectContaining({ code: "ORIGIN_FORBIDDEN" }));
      expect(shown({ ...cookie, origin: "https://app.example" }, { method })).toMatchObject({ by: "cookie" });
    }
    expect(() => shown(cookie, { isUpgrade: true })).toThrow(/Origin/);
    expect(shown({ ...cookie, origin: "https://app.example" }, { isUpgrade: true })).toMatchObject({
      by: "cookie",
    });
  });

  test("is not a cookie that the page of an origin brings which is not trusted with it", () => {
    const headers = { cookie: "session=abc", origin: "https://evil.example" };
    for (const method of ["GET", "POST"])
      expect(() => shown(headers, { method })).toThrow(expect.objectContaining({ code: "ORIGIN_FORBIDDEN" }));
    const image = { cookie: "session=abc", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect(() => shown(image)).toThrow(expect.objectContaining({ code: "ORIGIN_FORBIDDEN" }));
    expect(shown({ ...image, "sec-fetch-mode": "navigate" })).toMatchObject({ by: "cookie" });
  });

  test("is nothing where there is nothing", () => {
    expect(shown({})).toBeUndefined();
    expect(shown({ cookie: "session=" })).toBeUndefined();
  });
});

interface Asked {
  readonly method?: string;
  readonly query?: string;
  /** The configured name; `null` for none. */
  readonly cookie?: string | null;
  readonly isUpgrade?: boolean;
}

function shown(
  headers: Readonly<Record<string, string>>,
  { method = "GET", query = "", cookie = "session", isUpgrade = false }: Asked = {},
): ReturnType<typeof credentialOf> {
  const req = { headers, method } as unknown as IncomingMessage;
  const isTrusted = (_: IncomingMessage, origin: string): boolean => origin === "https://app.example";
  const rule = cookie === null ? undefined : { name: cookie, isTrusted };
  return credentialOf(req, new URLSearchParams(query), rule, isUpgrade);
}
