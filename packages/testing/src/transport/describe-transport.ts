import { afterAll, describe } from "vitest";
import { Bench } from "./case.ts";
import { channels } from "./cases/channels.ts";
import { commands } from "./cases/commands.ts";
import { connections } from "./cases/connections.ts";
import { filters } from "./cases/filters.ts";
import { gaps } from "./cases/gaps.ts";
import { keyed } from "./cases/keyed.ts";
import { payloads } from "./cases/payloads.ts";
import { presence } from "./cases/presence.ts";
import { publishing } from "./cases/publishing.ts";
import { resume } from "./cases/resume.ts";
import { sizes } from "./cases/sizes.ts";
import { slow } from "./cases/slow.ts";
import { starts } from "./cases/starts.ts";
import type { LogUnderTest, TransportDriver } from "./types.ts";

/**
 * What every transport must keep, on every log: the driver reads as a client of the transport does, and what it is
 * able to tell is said by its flags.
 */
export function describeTransport(driver: TransportDriver, log: LogUnderTest): void {
  describe(`${driver.name}, on the ${log.name} log`, () => {
    const bench = new Bench(driver, log);
    afterAll(async () => bench.close());
    const ofStreams = driver.isStream ? [slow, connections] : [];
    const ofMany = driver.isMulti ? [channels] : [];
    for (const cases of [
      starts,
      resume,
      gaps,
      keyed,
      filters,
      payloads,
      sizes,
      publishing,
      commands,
      presence,
      ...ofStreams,
      ...ofMany,
    ]) {
      describe(cases.name, () => cases(bench));
    }
  });
}
