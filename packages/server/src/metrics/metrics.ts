import type { Hub, Presence, Publisher } from "@tidings/core";
import { collectDefaultMetrics, Counter, Gauge, type MetricObject, Registry } from "prom-client";

export interface MetricsSources {
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly presence: Presence;
  readonly artifacts: { readonly size: number; readonly bytes: number };
  /** How many nodes are on the log, as far as this one knows. */
  readonly nodes: () => number;
  readonly commands: { readonly inFlight: number };
  readonly refusals: { readonly counts: ReadonlyMap<string, number> };
  readonly sockets: { readonly size: number };
  /** The figures of all processes of the server; this one's alone where it is the only one. */
  readonly all?: (() => Promise<string>) | undefined;
  /** What each figure is labelled with: the worker. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** How many connections are held open over a transport. */
  readonly connections: (transport: (typeof TRANSPORTS)[number]) => number;
}

/** What `/metrics` shows (Prometheus text format). One registry a server, so that several live in one process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #all: (() => Promise<string>) | undefined;
  /** By method, route and status, parted by spaces: counted by hand, since the library's own way costs as much as a route. */
  readonly #answered = new Map<string, number>();

  constructor(sources: MetricsSources) {
    const { hub, publisher, presence, artifacts, commands, refusals, sockets, connections, nodes } = sources;
    const registers = [this.#registry];
    this.#all = sources.all;
    if (sources.labels !== undefined) this.#registry.setDefaultLabels({ ...sources.labels });
    collectDefaultMetrics({ register: this.#registry });
    const answered = this.#answered;
    new Counter({
      name: "tidings_http_requests_total",
      help: "HTTP requests answered. Streams and long polls count when they end.",
      labelNames: ["method", "route", "status"],
      registers,
      collect() {
        this.reset();
        for (const [labels, count] of answered) {
          const [method = "", route = "", status = ""] = labels.split(" ");
          this.inc({ method, route, status }, count);
        }
      },
    });
    new Counter({
      name: "tidings_messages_published_total",
      help: "Messages appended to the log, or passed on as ephemeral.",
      registers,
      collect() {
        this.reset();
        this.inc(publisher.published);
      },
    });
    new Counter({
      name: "tidings_messages_delivered_total",
      help: "Messages handed to live readers: one message to a thousand readers counts a thousand.",
      registers,
      collect() {
        this.reset();
        this.inc(hub.live.messages);
      },
    });
    new Counter({
      name: "tidings_refused_total",
      help: "Requests, frames and connections that were refused, by code.",
      labelNames: ["code"],
      registers,
      collect() {
        this.reset();
        for (const [code, count] of refusals.counts) this.inc({ code }, count);
      },
    });
    const gauges: readonly (readonly [name: string, help: string, read: () => number])[] = [
      [
        "tidings_channels_followed",
        "Channels with readers on this node, or that had some a few seconds ago.",
        () => hub.size,
      ],
      [
        "tidings_presence_members",
        "Members of the presence of all channels, on this node.",
        () => presence.members,
      ],
      [
        "tidings_presence_listeners",
        "Connections that are told of presence, counted once for each channel.",
        () => presence.listeners,
      ],
      ["tidings_nodes", "Nodes of this one's log that it hears of, itself among them.", nodes],
      ["tidings_artifacts", "Stored payloads and files.", () => artifacts.size],
      [
        "tidings_artifact_bytes",
        "Bytes of stored payloads and files, and of unfinished uploads.",
        () => artifacts.bytes,
      ],
      ["tidings_sockets", "Connections to the server's own ports, idle ones too.", () => sockets.size],
      ["tidings_commands_in_flight", "Commands that are being worked on.", () => commands.inFlight],
    ];
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    }
    new Gauge({
      name: "tidings_connections",
      help: "Connections held open, by transport.",
      labelNames: ["transport"],
      registers,
      collect() {
        for (const transport of TRANSPORTS) this.set({ transport }, connections(transport));
      },
    });
  }

  /** Shows the workers of a server of several processes, too. */
  countWorkers(fleet: { readonly peers: readonly unknown[]; readonly restarts: number }): void {
    const registers = [this.#registry];
    new Gauge({
      name: "tidings_workers",
      help: "Worker processes that run.",
      registers,
      collect() {
        this.set(fleet.peers.length);
      },
    });
    new Counter({
      name: "tidings_worker_restarts_total",
      help: "Worker processes that ended and were replaced.",
      registers,
      collect() {
        this.reset();
        this.inc(fleet.restarts);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts a request that was answered. */
  answered(method: string, route: string, status: number): void {
    const labels = `${KNOWN_METHODS.has(method) ? method : "other"} ${route} ${status}`;
    this.#answered.set(labels, (this.#answered.get(labels) ?? 0) + 1);
  }

  async text(): Promise<string> {
    return this.#all === undefined ? this.#registry.metrics() : this.#all();
  }

  /** This process's own, for another one that puts them together. */
  async own(): Promise<readonly MetricObject[]> {
    return this.#registry.getMetricsAsJSON();
  }
}

/** Named also while they have no connection: a series that comes and goes makes poor graphs. */
const TRANSPORTS = ["sse", "ndjson", "websocket", "long-poll"] as const;
const KNOWN_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
