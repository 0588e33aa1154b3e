import { formatBytes, formatMs, formatShort } from "@tidings/ui";
import type { Series } from "@tidings/ui/plot";
import type { Moment } from "../../logic/ranges.ts";

export interface PlotPlan {
  readonly title: string;
  readonly about: string;
  readonly series: readonly (Series & { readonly read: (moment: Moment) => number | null })[];
  readonly format: (value: number) => string;
  readonly formatAxis?: (value: number) => string;
  readonly isBinary?: boolean;
  /** The least top of its scale. */
  readonly leastTop: number;
}

const BLUE = "--plot-1";
const GREEN = "--plot-2";
const AMBER = "--plot-3";
const VIOLET = "--plot-4";
const MIB = 1_048_576;

/** What is drawn, in the order of the questions: is it busy, is it late, is it us. */
export const PLOTS: readonly PlotPlan[] = [
  {
    title: "Messages in",
    about: "Published, a second",
    series: [{ label: "", colour: BLUE, isFilled: true, read: ({ sample }) => sample.in.messages }],
    format: perSecond,
    formatAxis: formatShort,
    leastTop: 10,
  },
  {
    title: "Messages out",
    about: "Handed to readers, a second: one message to a thousand readers counts a thousand",
    series: [
      { label: "live", colour: GREEN, isFilled: true, read: ({ sample }) => sample.out.messages },
      {
        label: "replay",
        colour: AMBER,
        isHiddenAtZero: true,
        read: ({ sample }) => sample.out.replayedMessages,
      },
    ],
    format: perSecond,
    formatAxis: formatShort,
    leastTop: 10,
  },
  {
    title: "Connections",
    about: "Held open, by transport",
    series: [
      { label: "SSE", colour: BLUE, isHiddenAtZero: true, read: held("sse") },
      { label: "WS", colour: GREEN, isHiddenAtZero: true, read: held("websocket") },
      { label: "NDJSON", colour: AMBER, isHiddenAtZero: true, read: held("ndjson") },
      { label: "poll", colour: VIOLET, isHiddenAtZero: true, read: held("long-poll") },
    ],
    format: formatShort,
    leastTop: 5,
  },
  {
    title: "Delivery",
    about:
      "Publish to delivery: from where the log is asked to append to where the bytes are handed to all live readers",
    series: [
      { label: "p50", colour: BLUE, read: ({ sample }) => sample.deliveryMs?.p50 ?? null },
      { label: "p99", colour: AMBER, read: ({ sample }) => sample.deliveryMs?.p99 ?? null },
    ],
    format: formatMs,
    leastTop: 10,
  },
  {
    title: "Event loop",
    about: "How late the process gets to what it has to do",
    series: [
      { label: "p50", colour: BLUE, read: ({ sample }) => sample.eventLoopMs.p50 },
      { label: "p99", colour: AMBER, read: ({ sample }) => sample.eventLoopMs.p99 },
    ],
    format: formatMs,
    leastTop: 20,
  },
  {
    title: "Log commit",
    about: "What one commit of the durable log takes to write and flush to the disk",
    series: [
      { label: "p50", colour: BLUE, read: ({ sample }) => sample.commitMs?.p50 ?? null },
      { label: "p99", colour: AMBER, read: ({ sample }) => sample.commitMs?.p99 ?? null },
    ],
    format: formatMs,
    leastTop: 10,
  },
  {
    title: "Processor",
    about: "Of one core",
    series: [{ label: "", colour: VIOLET, isFilled: true, read: ({ sample }) => sample.cpuPercent }],
    format: (value) => `${formatShort(value)} %`,
    leastTop: 20,
  },
  {
    title: "Memory",
    about: "Of the process: all that is resident, and the heap's part of it",
    series: [
      { label: "RSS", colour: VIOLET, read: ({ sample }) => sample.memory.residentBytes },
      { label: "heap", colour: BLUE, read: ({ sample }) => sample.memory.heapBytes },
    ],
    format: formatBytes,
    isBinary: true,
    leastTop: 64 * MIB,
  },
  {
    title: "Readers behind",
    about: "Readers that are not live: they catch up, or take nothing",
    series: [{ label: "", colour: AMBER, isFilled: true, read: ({ sample }) => sample.laggingReaders }],
    format: formatShort,
    leastTop: 5,
  },
  {
    title: "Refused",
    about: "Requests and frames that were refused, a second, by any code",
    series: [{ label: "", colour: "--plot-bad", isFilled: true, read: ({ sample }) => sum(sample.refused) }],
    format: perSecond,
    formatAxis: formatShort,
    leastTop: 5,
  },
  {
    title: "Bytes out",
    about: "Handed to readers, a second",
    series: [
      {
        label: "",
        colour: GREEN,
        isFilled: true,
        read: ({ sample }) => sample.out.bytes + sample.out.replayedBytes,
      },
    ],
    format: (value) => `${formatBytes(value)}/s`,
    formatAxis: formatBytes,
    isBinary: true,
    leastTop: 1_024,
  },
  {
    title: "Log size",
    about: "Bytes in use in the log's file",
    series: [{ label: "", colour: BLUE, isFilled: true, read: ({ sample }) => sample.log.usedBytes }],
    format: formatBytes,
    isBinary: true,
    leastTop: MIB,
  },
];

function perSecond(value: number): string {
  return `${formatShort(value)}/s`;
}

function held(transport: string): (moment: Moment) => number {
  return ({ sample }) => sample.connections[transport] ?? 0;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
