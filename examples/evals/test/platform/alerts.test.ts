import { createTidings } from "tidings";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Alerts, type Found, readAllAlerts } from "../../server/run/alerts.ts";
import { readMarks } from "../../server/run/marks.ts";
import { Teller } from "../../server/run/teller.ts";
import { ALERTS_CHANNEL, channelOf } from "../../shared/channels.ts";

const ID = "echo-00000000";
const found = (rule: string): Found => ({ severity: "info", rule, title: rule, text: rule, at: "now" });

test("an alert that a kill left on the channel of all alone comes to the run's own, and to that of all no more", async () => {
  await using tidings = Object.assign(await createTidings({ log: "memory" }), {
    async [Symbol.asyncDispose](): Promise<void> {
      await tidings.close();
    },
  });
  const open = async (teller: Teller): Promise<Alerts> => {
    const [marks, all] = [await readMarks(teller, ID), await readAllAlerts(teller)];
    return new Alerts(ID, teller, marks, all, () => undefined);
  };
  const teller = new Teller(tidings, pino({ level: "silent" }), new AbortController().signal);
  /** Ends as a kill does: before a publish to the run's own channel. */
  class Killed extends Teller {
    override async tell(...args: Parameters<Teller["tell"]>): Promise<void> {
      if (args[0] === channelOf(ID, "alert")) throw new Error("killed");
      return super.tell(...args);
    }
  }
  const killed = new Killed(tidings, pino({ level: "silent" }), new AbortController().signal);

  await (await open(teller)).add(found("in-log-1"), { logMark: 32 });
  await expect((await open(killed)).add(found("in-events"), { position: 100 })).rejects.toThrow("killed");
  // After the kill the log is searched first; and there is another one before the events are.
  const second = await open(teller);
  await second.add(found("in-log-1"), { logMark: 32 });
  await second.add(found("in-log-2"), { logMark: 64 });
  const third = await open(teller);
  await third.add(found("in-log-2"), { logMark: 64 });
  await third.add(found("in-events"), { position: 100 });
  await third.add(found("in-events"), { position: 100 });

  const rulesOf = async (channel: string): Promise<unknown[]> =>
    (await tidings.read(channel)).messages.map(({ data }) => (data as Found).rule);
  expect(await rulesOf(channelOf(ID, "alert"))).toEqual(["in-log-1", "in-log-2", "in-events"]);
  expect(await rulesOf(ALERTS_CHANNEL)).toEqual(["in-log-1", "in-events", "in-log-2"]);
  expect(third.counts).toEqual({ info: 3, warning: 0, critical: 0 });
});
