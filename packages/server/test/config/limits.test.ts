import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../src/config/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-config-limits-"));
});
afterEach(() => rm(folder, { recursive: true }));

const load = (environment: Readonly<Record<string, string>>) => loadConfig({ folder, environment });

test("trusted proxies are addresses and networks, and nothing else", async () => {
  const { config } = await load({ TIDINGS_TRUSTED_PROXIES: "10.0.0.0/8, ::1" });
  expect(config.trustedProxies).toEqual(["10.0.0.0/8", "::1"]);
  for (const wrong of ["proxy.example", "10.0.0.0/33", "fe80::1%eth0"])
    await expect(load({ TIDINGS_TRUSTED_PROXIES: wrong })).rejects.toThrow(/trustedProxies.*10\.0\.0\.0\/8/s);
});

test.each([
  "MAX_CONNECTIONS_PER_ADDRESS",
  "MAX_CONNECTIONS_PER_SUBJECT",
  "MAX_CONNECTS_PER_SECOND",
  "MAX_PUBLISHES_PER_SECOND",
  "MAX_PUBLISH_BYTES_PER_SECOND",
  "MAX_CHANNELS",
  "MAX_CHANNELS_PER_MINUTE",
])("%s may be set aside with Infinity; 0 is no bound that could be meant", async (name) => {
  const { config } = await load({ [`TIDINGS_LIMITS_${name}`]: "Infinity" });
  expect(Object.values(config.limits).filter((value) => value === Number.POSITIVE_INFINITY)).toHaveLength(1);
  await expect(load({ [`TIDINGS_LIMITS_${name}`]: "0" })).rejects.toThrow(ConfigError);
});
