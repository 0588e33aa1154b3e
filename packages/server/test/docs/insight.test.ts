import { headingsOf, readDoc, sectionOf, sorted, tableOf } from "@tidings/testing/docs";
import { expect, test } from "vitest";
import {
  CHANNEL_ORDERS,
  CONNECTION_ORDERS,
  EVENTS,
  INSIGHT_POLICIES,
  STATS,
  STATS_10S,
  topChannel,
} from "../../src/insight/names.ts";
import type { Sample } from "../../src/insight/sample.ts";
import { untilData } from "../insight/support.ts";
import { openServer } from "../support/logs.ts";
import { api } from "./support/openapi.ts";

const document = readDoc("docs/reference/insight.md");
const namesIn = (heading: string): string[] =>
  sorted(tableOf(sectionOf(document, `## ${heading}`)).map(([name = ""]) => name));

interface Choice {
  readonly properties: Readonly<Record<string, { readonly enum: readonly string[] }>>;
}
const choicesOf = (schema: string, member: string): string[] =>
  sorted([...((api.components.schemas[schema] as Choice).properties[member]?.enum ?? [])]);

test("docs/reference/insight.md has the channels that there are, and how much of them is kept", () => {
  const channels = [
    STATS,
    STATS_10S,
    EVENTS,
    ...CHANNEL_ORDERS.map((order) => topChannel("channels", order)),
    ...CONNECTION_ORDERS.map((order) => topChannel("connections", order)),
  ];
  expect(namesIn("Channels")).toEqual(sorted(channels));
  for (const { pattern, retention } of INSIGHT_POLICIES.filter((each) => !each.pattern.endsWith("*"))) {
    const [, , , kept = ""] = tableOf(document).find(([name]) => name === pattern) ?? [];
    expect(Number.parseInt(kept.replaceAll(",", ""), 10), pattern).toBe(retention?.maxMessages);
  }
});

test("docs/reference/insight.md has the members of a sample", async () => {
  await using server = await openServer();
  const sample = await untilData<Sample>(server.tidings, STATS, () => true, "earliest");
  expect(namesIn("Samples")).toEqual(sorted(Object.keys(sample)));
  for (const group of ["in", "out", "connections", "eventLoopMs", "memory", "artifacts"] as const) {
    const [, what = ""] = tableOf(sectionOf(document, "## Samples")).find(([name]) => name === group) ?? [];
    for (const member of Object.keys(sample[group])) expect(what, group).toContain(`\`${member}\``);
  }
});

test("docs/reference/insight.md has the kinds of events, and the states of connections, that there are", () => {
  expect(headingsOf(document, 2)).toContain("Events");
  expect(namesIn("Events")).toEqual(choicesOf("AdminEvent", "kind"));
  expect(namesIn("Channels and connections")).toEqual(choicesOf("AdminConnectionRow", "state"));
});
