import { readDoc, sectionOf, sorted, tableOf } from "@tidings/testing/docs";
import { describe, expect, test } from "vitest";
import { FAULT_KINDS, LAB_BOUNDS } from "../../src/cli/lab/bounds.ts";
import { Group } from "../../src/cli/lab/load/group.ts";

const document = readDoc("docs/lab.md");
const number = (value: number): string => value.toLocaleString("en-US");
const mebibytes = (value: number): string => `${value / 1_048_576} MiB`;

describe("docs/lab.md", () => {
  test("has the switches that there are", () => {
    const documented = tableOf(sectionOf(document, "## Switches")).map(([kind = ""]) =>
      kind.replaceAll("`", ""),
    );
    expect(sorted(documented)).toEqual(sorted(FAULT_KINDS));
  });

  test("has the bounds that hold", () => {
    const rows = sectionOf(document, "## Commands")
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .join("\n");
    const { minRate, maxRate, minSizeBytes, maxSizeBytes, maxReaders, maxAllReaders } = LAB_BOUNDS;
    for (const said of [
      `${minRate} to ${number(maxRate)} messages a second`,
      `${minSizeBytes} to ${number(maxSizeBytes)} bytes`,
      `1 to ${number(maxReaders)} of a transport, ${number(maxAllReaders)} of all together`,
      `${mebibytes(LAB_BOUNDS.maxPublishedBytesPerSecond)} a second`,
      `${number(LAB_BOUNDS.maxDeliveriesPerSecond)} deliveries a second`,
      `${mebibytes(LAB_BOUNDS.maxDeliveredBytesPerSecond)} a second`,
      `${LAB_BOUNDS.maxRunMs / 60_000} minutes, and ${LAB_BOUNDS.unwatchedMs / 1_000} seconds`,
    ])
      expect(rows).toContain(said);
    expect(document).toContain(`By itself after ${LAB_BOUNDS.maxKilledMs / 1_000} seconds`);
  });

  test("tells what each figure of a transport's readers means", () => {
    const figures = Object.keys(new Group("sse", 64).report(0));
    const told = sectionOf(document, "## What is measured, and what a figure means");
    for (const name of [...figures, "upBytes", "downBytes", "overheadPercent", "requests", "connections"])
      expect(told, name).toContain(`\`${name}\``);
  });
});
