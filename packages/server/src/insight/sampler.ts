import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Log } from "@tidings/core";
import type { Services } from "../http/services.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Disk } from "./disk.ts";
import { STATS, STATS_10S } from "./names.ts";
import { round, type Values } from "./quantiles.ts";
import { meanOf, type Sample } from "./sample.ts";

/** How often the event loop is looked at, in milliseconds. */
const RESOLUTION_MS = 20;
/** So many samples are told as one, too. */
const SAMPLES_OF_A_MEAN = 10;
const TRANSPORTS = ["sse", "ndjson", "websocket", "long-poll"] as const;

export interface SamplerSources {
  readonly services: Services;
  readonly deliveries: Deliveries;
  /** How long commits took; empty for a log that has none. */
  readonly commits: Values;
  /** Absent for a log in memory. */
  readonly durable: { readonly disk: Disk; readonly usedBytes: () => number } | undefined;
  /** Where samples go. */
  readonly log: Pick<Log, "append">;
}

/** Counters as they stood at the last sample. */
interface Before {
  readonly atMs: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly published: number;
  readonly publishedBytes: number;
  readonly live: { readonly messages: number; readonly bytes: number };
  readonly replayed: { readonly messages: number; readonly bytes: number };
  readonly refused: ReadonlyMap<string, number>;
}

/** Takes a sample a second, whether or not somebody looks: the history is there when an incident begins. All of it are counters that are kept anyway. */
export class Sampler {
  readonly #sources: SamplerSources;
  readonly #eventLoop: ReturnType<typeof monitorEventLoopDelay> = monitorEventLoopDelay({
    resolution: RESOLUTION_MS,
  });
  #before: Before;
  #recent: Sample[] = [];
  #last: Sample | undefined;

  constructor(sources: SamplerSources) {
    this.#sources = sources;
    this.#eventLoop.enable();
    this.#before = this.#look();
  }

  /** `undefined` before the first. */
  get last(): Sample | undefined {
    return this.#last;
  }

  /** To be called about once a second. */
  tick(): void {
    const sample = this.#take();
    this.#last = sample;
    this.#tell(STATS, sample);
    this.#recent.push(sample);
    if (this.#recent.length < SAMPLES_OF_A_MEAN) return;
    this.#tell(STATS_10S, meanOf(this.#recent));
    this.#recent = [];
  }

  close(): void {
    this.#eventLoop.disable();
  }

  #tell(channel: string, sample: Sample): void {
    const data = Buffer.from(JSON.stringify(sample));
    // Into memory: it fails only where the server is going down.
    this.#sources.log.append(channel, [{ event: "sample", kind: "json", data }]).catch(() => undefined);
  }

  #take(): Sample {
    const { services, deliveries, commits, durable } = this.#sources;
    const { connections, hub, sockets, artifacts, limits, log, nodeId } = services;
    const before = this.#before;
    const now = this.#look();
    this.#before = now;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
    const rate = (to: number, from: number): number => Math.round(((to - from) / seconds) * 10) / 10;
    const cpu = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system;
    const { rss, heapUsed } = process.memoryUsage();
    const usedBytes = durable?.usedBytes() ?? 0;
    return {
      node: nodeId,
      uptimeSeconds: Math.round(process.uptime()),
      in: {
        messages: rate(now.published, before.published),
        bytes: rate(now.publishedBytes, before.publishedBytes),
      },
      out: {
        messages: rate(now.live.messages, before.live.messages),
        bytes: rate(now.live.bytes, before.live.bytes),
        replayedMessages: rate(now.replayed.messages, before.replayed.messages),
        replayedBytes: rate(now.replayed.bytes, before.replayed.bytes),
      },
      connections: Object.fromEntries(TRANSPORTS.map((each) => [each, connections.countOf(each)])),
      sockets: sockets.size,
      laggingReaders: hub.behind,
      deliveryMs: deliveries.take(),
      commitMs: commits.take(),
      eventLoopMs: this.#lateness(),
      // Microseconds.
      cpuPercent: Math.round(cpu / seconds / 1_000) / 10,
      memory: { residentBytes: rss, heapBytes: heapUsed },
      log: {
        channels: log.main.channelCount,
        maxChannels: Number.isFinite(limits.maxChannels) ? limits.maxChannels : null,
        usedBytes: durable === undefined ? null : usedBytes,
        disk: durable?.disk.use() ?? null,
      },
      artifacts: { count: artifacts.size, bytes: artifacts.bytes },
      refused: Object.fromEntries(
        [...now.refused].flatMap(([code, count]) => {
          const more = rate(count, before.refused.get(code) ?? 0);
          return more > 0 ? [[code, more]] : [];
        }),
      ),
    };
  }

  #look(): Before {
    const { publisher, hub, refusals } = this.#sources.services;
    return {
      atMs: performance.now(),
      cpu: process.cpuUsage(),
      published: publisher.published,
      publishedBytes: publisher.publishedBytes,
      live: { ...hub.live },
      replayed: { ...hub.replayed },
      refused: new Map(refusals.counts),
    };
  }

  /** What is measured is the time between two looks, in nanoseconds. */
  #lateness(): Sample["eventLoopMs"] {
    const histogram = this.#eventLoop;
    const late = (ns: number): number =>
      Number.isFinite(ns) ? round(Math.max(0, ns / 1e6 - RESOLUTION_MS)) : 0;
    const lateness =
      histogram.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : {
            p50: late(histogram.percentile(50)),
            p99: late(histogram.percentile(99)),
            max: late(histogram.max),
          };
    histogram.reset();
    return lateness;
  }
}
