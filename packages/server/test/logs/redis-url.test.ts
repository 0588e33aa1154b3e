import { describe, expect, test } from "vitest";
import { isRedisUrl, parseRedisUrl, shownRedisUrl } from "../../src/logs/redis-url.ts";

const plain = { kind: "single", masterName: "", isTls: false, database: 0 };

describe("the URL of a Redis", () => {
  test.each([
    ["redis://10.0.0.5", { ...plain, hosts: [{ host: "10.0.0.5", port: 6_379 }] }],
    [
      "rediss://me:p%40s%3As@redis.example:7000/3",
      {
        ...plain,
        isTls: true,
        database: 3,
        username: "me",
        password: "p@s:s",
        hosts: [{ host: "redis.example", port: 7_000 }],
      },
    ],
    ["redis://:secret@[::1]:6380", { ...plain, password: "secret", hosts: [{ host: "::1", port: 6_380 }] }],
    [
      "redis+sentinel://a,b:26380/mymaster/2",
      {
        ...plain,
        kind: "sentinel",
        masterName: "mymaster",
        database: 2,
        hosts: [
          { host: "a", port: 26_379 },
          { host: "b", port: 26_380 },
        ],
      },
    ],
    [
      "rediss+cluster://a:7000,b:7001",
      {
        ...plain,
        kind: "cluster",
        isTls: true,
        hosts: [
          { host: "a", port: 7_000 },
          { host: "b", port: 7_001 },
        ],
      },
    ],
  ])("%s", (url, expected) => {
    expect(isRedisUrl(url)).toBe(true);
    expect(parseRedisUrl(url)).toEqual(expected);
  });

  test.each([
    ["redis://", /cannot be read/],
    ["redis://host:99999", /a host that cannot be read/],
    ["redis://a,b", /several hosts/],
    ["redis://host/db", /no database number/],
    ["redis://host/1/2", /no database number/],
    ["redis://host?x=1", /cannot be read/],
    ["redis://user@host", /without a password/],
    ["redis://:%zz@host", /%25/],
    ["redis+sentinel://host", /not their master/],
    ["redis+cluster://host/1", /has only one/],
    ["redis+other://host", /cannot be read/],
  ])("%s is refused, and what to write instead is said", (url, why) => {
    expect(() => parseRedisUrl(url)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => parseRedisUrl(url)).toThrow(why);
  });

  test("its password is in no refusal, and not in what is shown of it", () => {
    for (const url of [
      "redis://me:s3cret@host:0",
      "redis://me:s3cret@",
      "redis+sentinel://:s3cret@host",
      "redis://me:s3cret@host/x",
    ])
      expect(() => parseRedisUrl(url)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("s3cret") as string }),
      );
    expect(shownRedisUrl("redis://me:s3cret@host/1")).toBe("redis://me:***@host/1");
    expect(shownRedisUrl("redis://:s3@cret@host")).toBe("redis://:***@host");
    expect(shownRedisUrl("redis://host")).toBe("redis://host");
    expect(shownRedisUrl("lmdb")).toBe("lmdb");
  });
});
