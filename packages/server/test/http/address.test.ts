import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { Addresses, isNetwork, networkOf } from "../../src/http/address.ts";

const PROXIES = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"];

function request(
  remoteAddress: string | undefined,
  headers: IncomingMessage["headers"] = {},
): IncomingMessage {
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

describe("where a request comes from", () => {
  test("is the other end of its socket, where no proxy is trusted, whatever it says", () => {
    const addresses = new Addresses([]);
    const headers = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6" };
    expect(addresses.of(request("10.0.0.1", headers))).toBe("10.0.0.1");
    expect(addresses.of(request("::ffff:10.0.0.1", headers))).toBe("10.0.0.1");
    expect(addresses.of(request(undefined, headers))).toBe("");
  });

  test("is the other end of its socket, where that is none of the trusted proxies", () => {
    const addresses = new Addresses(PROXIES);
    expect(addresses.of(request("203.0.113.9", { "x-forwarded-for": "6.6.6.6" }))).toBe("203.0.113.9");
  });

  test.each([
    ["198.51.100.1", "198.51.100.1"],
    ["6.6.6.6, 198.51.100.1", "198.51.100.1"],
    ["6.6.6.6, 198.51.100.1, 10.9.9.9", "198.51.100.1"],
    ["6.6.6.6,198.51.100.1,192.0.2.7 , fd00::5", "198.51.100.1"],
    ["198.51.100.1:4711", "198.51.100.1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::ffff:198.51.100.1", "198.51.100.1"],
    ["10.1.1.1, 10.2.2.2", "10.1.1.1"],
    // What is no address ends the way back: what stands before it is not looked at.
    ["6.6.6.6, unknown", "10.0.0.1"],
    ["6.6.6.6, _hidden, 10.2.2.2", "10.2.2.2"],
    ["", "10.0.0.1"],
    ["6.6.6.6, 198.51.100.1, ", "10.0.0.1"],
    ["[fe80::1%eth0], 10.2.2.2", "fe80::1"],
    ["6.6.6.6, 999.1.1.1", "10.0.0.1"],
    ["__proto__", "10.0.0.1"],
  ])("is by X-Forwarded-For: %s the nearest that is no proxy: %s", (header, address) => {
    const addresses = new Addresses(PROXIES);
    expect(addresses.of(request("10.0.0.1", { "x-forwarded-for": header }))).toBe(address);
  });

  test.each([
    ["for=198.51.100.1", "198.51.100.1"],
    ["For=6.6.6.6, for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"],
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ['proto=http; for="198.51.100.1:80"', "198.51.100.1"],
    ["for=198.51.100.1, for=10.1.1.1", "198.51.100.1"],
    // Where a client may write a part of the element, as the host, it must not be able to write another "for".
    ['host="a;for=6.6.6.6";for=198.51.100.1', "198.51.100.1"],
    ['for=198.51.100.1;host="a, for=6.6.6.6"', "198.51.100.1"],
    ["for=6.6.6.6;for=198.51.100.1", "10.0.0.1"],
    // One that a client has broken is believed in nothing: it could hide what the proxy adds.
    ['for=", for=198.51.100.1', "10.0.0.1"],
    ["for=6.6.6.6;;, for=198.51.100.1", "10.0.0.1"],
    ["for=unknown", "10.0.0.1"],
    ["by=10.0.0.1", "10.0.0.1"],
    ["", "10.0.0.1"],
  ])("is by Forwarded: %s the nearest that is no proxy: %s", (forwarded, address) => {
    const addresses = new Addresses(PROXIES);
    expect(addresses.of(request("10.0.0.1", { forwarded }))).toBe(address);
  });

  test("is the proxy where the two headers do not say the same: one of them is the client's own", () => {
    const addresses = new Addresses(PROXIES);
    const of = (forwarded: string, older: string) =>
      addresses.of(request("10.0.0.1", { forwarded, "x-forwarded-for": older }));
    expect(of("for=6.6.6.6", "198.51.100.1")).toBe("10.0.0.1");
    expect(of("for=198.51.100.1", "6.6.6.6")).toBe("10.0.0.1");
    expect(of("for=198.51.100.1", "198.51.100.1")).toBe("198.51.100.1");
  });

  test("is found in no time in a header that is as long as it may be", () => {
    const addresses = new Addresses(PROXIES);
    const beganMs = performance.now();
    for (const part of ["10.1.1.1,", "for=10.1.1.1,", 'for="\\"', "for=;", " ", ","]) {
      const long = part.repeat(Math.floor(65_000 / part.length));
      addresses.of(request("10.0.0.1", { "x-forwarded-for": long }));
      addresses.of(request("10.0.0.1", { forwarded: long }));
    }
    // Some milliseconds; what is bounded is that it is not the square of the length.
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });

  test("is not asked of a proxy's own socket, which brings many", () => {
    const addresses = new Addresses(PROXIES);
    expect(addresses.ofPeer({ remoteAddress: "10.0.0.1" } as Socket)).toBeUndefined();
    expect(addresses.ofPeer({ remoteAddress: "::ffff:203.0.113.9" } as Socket)).toBe("203.0.113.9");
  });
});

test.each([
  ["203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
  ["::1", "0:0:0:0::/64"],
  ["64:ff9b::203.0.113.9", "64:ff9b:0:0::/64"],
  ["1:2:3::", "1:2:3:0::/64"],
])("%s is counted as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each(["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "2001:db8::/128"])(
  "%s is a network",
  (text) => expect(isNetwork(text)).toBe(true),
);

test.each([
  "",
  "proxy.example",
  "10.0.0.1/33",
  "::1/129",
  "10.0.0.1/",
  "10.0.0.1/8/8",
  "10.0.0.1/-1",
  "fe80::1%eth0",
  "1.2.3",
])("%s is none, and refused", (text) => {
  expect(isNetwork(text)).toBe(false);
  expect(() => new Addresses([text])).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
