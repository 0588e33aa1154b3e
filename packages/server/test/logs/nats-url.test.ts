import { describe, expect, test } from "vitest";
import { shownLogUrl } from "../../src/logs/log-url.ts";
import { isNatsUrl, parseNatsUrl } from "../../src/logs/nats-url.ts";

describe("the URL of a NATS", () => {
  test.each([
    ["nats://10.0.0.5", { isTls: false, servers: ["10.0.0.5:4222"] }],
    [
      "tls://me:p%40s%3As@nats.example:7000,b,[::1]:7001",
      {
        isTls: true,
        user: "me",
        password: "p@s:s",
        servers: ["nats.example:7000", "b:4222", "[::1]:7001"],
      },
    ],
    ["nats://t0ken@host", { isTls: false, token: "t0ken", servers: ["host:4222"] }],
  ])("%s", (url, expected) => {
    expect(isNatsUrl(url)).toBe(true);
    expect(parseNatsUrl(url)).toEqual(expected);
  });

  test.each([
    ["nats://", /cannot be read/],
    ["nats://host:99999", /a host that cannot be read/],
    ["nats://a,,b", /a host that cannot be read/],
    ["nats://host/stream", /cannot be read/],
    ["nats://user:@host", /without a password/],
    ["nats://:secret@host", /without a user/],
    ["nats://%zz@host", /%25/],
  ])("%s is refused, and what to write instead is said", (url, why) => {
    expect(() => parseNatsUrl(url)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => parseNatsUrl(url)).toThrow(why);
  });

  test("its password or token is in no refusal, and not in what is shown of it", () => {
    for (const url of ["nats://me:s3cret@host:0", "nats://s3cret@", "nats://me:s3cret@host/x"])
      expect(() => parseNatsUrl(url)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("s3cret") as string }),
      );
    expect(shownLogUrl("nats://me:s3cret@host,b")).toBe("nats://me:***@host,b");
    expect(shownLogUrl("tls://s3cret@host")).toBe("tls://***@host");
    expect(shownLogUrl("nats://host")).toBe("nats://host");
    expect(shownLogUrl("redis://me:s3cret@host/1")).toBe("redis://me:***@host/1");
    expect(shownLogUrl("lmdb")).toBe("lmdb");
  });
});
