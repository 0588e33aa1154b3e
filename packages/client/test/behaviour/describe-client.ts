import { afterAll, beforeAll, describe, vi } from "vitest";
import type { Tuning } from "../../src/types.ts";
import type { Pin } from "./abilities.ts";
import { testBreaks } from "./breaks.ts";
import { testChoosing } from "./choosing.ts";
import type { Driver } from "./driver.ts";
import { testInteractive } from "./interactive.ts";
import { testObstacles } from "./obstacles.ts";
import { testPace } from "./pace.ts";
import { Recoveries } from "./recoveries.ts";
import type { Bench } from "./scene.ts";
import { testServers } from "./servers.ts";

export interface DescribeClientOptions {
  /** How many tests go on at once: most of them wait. Default 40. */
  readonly concurrency?: number;
  /** Of the places at which bytes can be cut, every so manieth is tried. Default each. */
  readonly cutEvery?: number;
  /** Of clients that need more time than those of this process. */
  readonly tuning?: Partial<Tuning>;
}

/**
 * What the client must keep, wherever it runs: through every fault, with each of these transports pinned and with `auto`, the
 * application sees each message once and in order. A test file calls it once; it prints how long recoveries took.
 */
export function describeClient(
  name: string,
  open: () => Promise<Driver>,
  pins: readonly Pin[],
  { concurrency = 40, cutEvery = 1, tuning = {} }: DescribeClientOptions = {},
): void {
  vi.setConfig({ maxConcurrency: concurrency });
  const recoveries = new Recoveries(pins);
  let driver: Driver | undefined;
  describe.concurrent(name, () => {
    beforeAll(async () => {
      driver = await open();
    });
    afterAll(async () => {
      await driver?.close();
      console.log(
        `${name}: until the application had seen everything, in milliseconds\n${String(recoveries)}`,
      );
    });
    for (const pin of pins) {
      const bench = (): Bench => {
        if (driver === undefined) throw new Error("there is no driver");
        return { driver, pin, recoveries, cutEvery, tuning };
      };
      describe(pin, () => {
        testObstacles(bench, pin);
        testBreaks(bench, pin);
        testServers(bench, pin);
        testPace(bench, pin);
        if (pin === "auto") {
          testChoosing(bench);
          testInteractive(bench);
        }
      });
    }
  });
}
