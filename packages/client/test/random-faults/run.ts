import { setTimeout as pause } from "node:timers/promises";
import {
  type Acknowledged,
  compareAcknowledged,
  faultProxy,
  makeTrouble,
  planFaults,
  publishBatches,
  publishKeyed,
  publishSingly,
  type PublisherOptions,
  Random,
  readHistory,
  ServerProcess,
} from "@tidings/testing";
import { CHANNELS, type Part, PlayedClient, type Violation } from "./played-client.ts";

export interface RandomFaultsOptions {
  /** How many faults there are, of all kinds. */
  readonly faults: number;
  /** Decides which faults come in which order, and how the clients are used; not how the two meet in time. */
  readonly seed: number;
  readonly onFault?: (count: number) => void;
}

export interface RandomFaultsResult {
  readonly seed: number;
  readonly faults: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Messages that the log holds in the end, without the keyed ones. */
  readonly messages: number;
  readonly acknowledged: number;
  readonly publishedByClients: number;
  /** Messages that came to the applications. */
  readonly delivered: number;
  readonly readers: number;
  readonly lost: number;
  readonly repeated: number;
  readonly outOfOrder: number;
  /** How often a client became live, by transport. */
  readonly lives: Readonly<Record<string, number>>;
  /** Most attempts to connect that one client made in one second. */
  readonly maxAttemptsPerSecond: number;
  /** From when nothing was in a client's way to the first message that was published after that. */
  readonly longestRecoveryMs: Readonly<Record<string, number>>;
  /** None is the promise. */
  readonly violations: readonly Violation[];
}

/** Short times, so that much happens in a run; in milliseconds. */
const TUNING = {
  greetingMs: 700,
  backoffMs: 50,
  maxBackoffMs: 500,
  stableMs: 300,
  pathMemoryMs: 1_500,
  waitMs: 1_000,
  pollMs: 100,
  requestMs: 1_500,
} as const;
const LIMITS = { heartbeatMs: 300, pingMs: 300, pongTimeoutMs: 300 } as const;

const PARTS: readonly Part[] = [
  { name: "sse", transport: "sse" },
  { name: "ndjson", transport: "ndjson" },
  { name: "ws", transport: "ws" },
  { name: "long-poll", transport: "long-poll" },
  { name: "poll", transport: "poll" },
  { name: "auto", transport: "auto" },
  { name: "auto, low latency", transport: "auto", options: { lowLatency: true } },
  { name: "kept", transport: "auto", keeps: ["sse", "ndjson", "ws", "long-poll", "poll", "auto"] },
];
/** Each so many faults the server is killed or drained. */
const FAULTS_PER_RESTART = 30;
/** All times in milliseconds. */
const SERVER_LIFE_MS = [2_000, 5_500] as const;
const SERVER_DOWN_MS = [0, 700] as const;
const STEADY_MS = [10, 70] as const;
const BURSTS_MS = [50, 900] as const;
const QUIET_MS = [700, 2_500] as const;
const KEYED_MS = [10, 150] as const;
const HEAL_PATIENCE_MS = 20_000;
const END_PATIENCE_MS = 40_000;
const KEYS = 25;

/**
 * Clients of every transport read and publish through fault proxies in front of a real server, while a random sequence of faults
 * befalls the connections and the server. In the end nothing may be lost, repeated or out of order.
 */
export async function runRandomFaults(options: RandomFaultsOptions): Promise<RandomFaultsResult> {
  const { faults, seed } = options;
  const byKind: { [kind: string]: number } = {};
  let count = 0;
  const happened = (kind: string): void => {
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    count++;
    options.onFault?.(count);
  };
  await using server = await ServerProcess.create({
    limits: LIMITS,
    drainMs: 300,
    policies: [
      { pattern: "keyed/**", compact: true },
      { pattern: "**", retention: { maxMessages: null, maxBytes: null, maxAgeMs: null } },
    ],
  });
  await server.start();
  await using stack = new AsyncDisposableStack();
  const clients: PlayedClient[] = [];
  for (const [at, part] of PARTS.entries()) {
    const proxy = stack.use(await faultProxy(server.url));
    const client = new PlayedClient(part, proxy, new Random(seed + 1_000 * at), TUNING);
    stack.defer(async () => client.close());
    clients.push(client);
  }

  // Publishers, at the server itself.
  const acknowledged: Acknowledged[] = [];
  const stop = new AbortController();
  const random = new Random(seed + 1);
  const publishTo = (channel: string, range: readonly [number, number]): PublisherOptions => ({
    server,
    channels: [channel],
    random: () => random.next(),
    onAcknowledged: (each) => channel !== CHANNELS.keyed && acknowledged.push(each),
    signal: stop.signal,
    pauseMs: () => random.int(...range),
  });
  const publishing = [
    publishSingly("s", publishTo(CHANNELS.steady, STEADY_MS)),
    publishBatches("b", publishTo(CHANNELS.bursts, BURSTS_MS)),
    publishSingly("q", publishTo(CHANNELS.quiet, QUIET_MS)),
    publishKeyed("k", publishTo(CHANNELS.keyed, KEYED_MS), KEYS),
  ];

  // Faults: of the server, and of each client's path.
  const restarts = Math.max(2, Math.round(faults / FAULTS_PER_RESTART));
  const isTroubled = new Set<PlayedClient>();
  let isServerUp = true;
  for (const client of clients) {
    client.start();
    client.calm();
  }
  const restarting = (async (): Promise<void> => {
    for (let restart = 0; restart < restarts; restart++) {
      await pause(random.int(...SERVER_LIFE_MS));
      const isKill = random.chance(0.75);
      const kind = isKill ? "kill -9 of the server" : "drain of the server";
      happened(kind);
      isServerUp = false;
      for (const client of clients) {
        client.note(kind);
        client.trouble();
      }
      if (isKill) await server.kill();
      else await server.drain();
      await pause(random.int(...SERVER_DOWN_MS));
      await server.start();
      isServerUp = true;
      for (const client of clients) {
        client.note("the server is up");
        if (!isTroubled.has(client)) client.calm();
      }
    }
  })();
  const troubled = clients.map(async (client, at) => {
    const own = Math.floor((faults - restarts + at) / clients.length);
    await makeTrouble(client.proxy, {
      steps: planFaults(seed + at, own),
      onStep: (step) => {
        const { name, quietMs: _, overlaps: __, heals: ___, ...rest } = step;
        client.note(`${name}: ${JSON.stringify(rest)}`);
        happened(name);
      },
      onTrouble: () => {
        isTroubled.add(client);
        client.trouble();
      },
      onCalm: () => {
        isTroubled.delete(client);
        client.note("all faults are over");
        if (isServerUp) client.calm();
      },
      healed: async () => client.healed(HEAL_PATIENCE_MS),
    });
  });
  await Promise.all([restarting, ...troubled]);

  // All is lifted; what is under way comes to its end.
  await Promise.all(clients.map(async (client) => client.healed(HEAL_PATIENCE_MS)));
  stop.abort();
  await Promise.all([...publishing, ...clients.map(async (client) => client.finish(END_PATIENCE_MS))]);
  const logs = Object.values(CHANNELS).filter((channel) => channel !== CHANNELS.keyed);
  const history = await readHistory(server.url, logs);
  const keyed = await readKeyed(server.url);
  const heads = new Map([...history].map(([channel, { names }]) => [channel, names.length - 1]));
  heads.set(CHANNELS.keyed, keyed.head);
  await Promise.all(clients.map(async (client) => client.complete(heads, END_PATIENCE_MS)));
  await Promise.all(clients.map(async (client) => client.close()));

  const made = clients.flatMap((client) => client.acknowledged);
  const general = compareAcknowledged(history, [...acknowledged, ...made]);
  let lost = 0;
  for (const client of clients) {
    for (const record of client.records) {
      const compared = record.compare(history.get(record.channel)?.names ?? []);
      lost += compared.lost;
      for (const wrong of compared.wrong) client.violate(wrong);
    }
    for (const wrong of client.table.compare(keyed.values)) client.violate(wrong);
    const order = orderOf(client.part.name, history.get(CHANNELS.made)?.names ?? []);
    if (order !== undefined) client.violate(order);
  }
  const records = clients.flatMap((client) => client.records);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const lives: { [transport: string]: number } = {};
  for (const client of clients)
    for (const [transport, times] of Object.entries(client.lives))
      lives[transport] = (lives[transport] ?? 0) + times;
  return {
    seed,
    faults: count,
    byKind,
    messages: sum([...history.values()].map(({ names }) => names.length - 1)),
    acknowledged: acknowledged.length + made.length,
    publishedByClients: made.length,
    delivered: sum(records.map((record) => record.count)),
    readers: records.length,
    lost,
    repeated: sum([
      ...records.map((record) => record.repeated),
      ...clients.map(({ table }) => table.repeated),
    ]),
    outOfOrder: sum(records.map((record) => record.outOfOrder)),
    lives,
    maxAttemptsPerSecond: Math.max(...clients.map((client) => client.maxAttempts)),
    longestRecoveryMs: Object.fromEntries(
      clients.map(({ part, longestRecoveryMs }) => [part.name, longestRecoveryMs]),
    ),
    violations: [
      ...general.map((what) => ({ client: "publishers", what, before: [] })),
      ...clients.flatMap((client) => client.violations),
    ],
  };
}

/** What it says of a client's messages that are not in the order in which it published them. */
function orderOf(client: string, names: readonly string[]): string | undefined {
  const numbers = names
    .filter((name) => name.startsWith(`${client}:`))
    .map((name) => Number(name.split(":")[1]));
  const at = numbers.findIndex((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0));
  return at < 0
    ? undefined
    : `it published ${numbers[at]} before ${numbers[at - 1]}, which is held before it`;
}

/** The state of the keyed channel, and where it ends. */
async function readKeyed(
  url: string,
): Promise<{ readonly values: ReadonlyMap<string, unknown>; readonly head: number }> {
  const values = new Map<string, unknown>();
  let cursor = "earliest";
  for (let isCaughtUp = false; !isCaughtUp;) {
    const response = await fetch(`${url}/channels/${CHANNELS.keyed}?since=${cursor}`);
    const page = (await response.json()) as KeyedPage;
    for (const { key, data, deleted } of page.messages) {
      if (deleted === true) values.delete(key);
      else values.set(key, data);
    }
    ({ cursor, caughtUp: isCaughtUp } = page);
  }
  return { values, head: Number.parseInt(cursor.split(".")[1] ?? "", 10) };
}

interface KeyedPage {
  readonly messages: readonly { readonly key: string; readonly data?: unknown; readonly deleted?: true }[];
  readonly cursor: string;
  readonly caughtUp: boolean;
}
