import { setTimeout as pause } from "node:timers/promises";
import { Crowd, type CrowdResult } from "./crowd.ts";
import { shuffled } from "./deck.ts";
import type { SharedLog } from "./engine.ts";
import { seededRandom } from "./random.ts";
import { openCluster, openOwnLog, type Scene } from "./scene.ts";
import { openWithWorkers } from "./workers-scene.ts";

export interface ChaosOptions {
  /** How often there is trouble. Each kind comes once before one comes again. Default each once. */
  readonly rounds?: number;
  /** What the servers keep their messages in, and so what may happen. Default `lmdb`: the server is killed. */
  readonly log?: "lmdb" | SharedLog;
  /** Whether a server on a log of its own has two workers, which are killed, told to stop, or stand still. Default false. */
  readonly workers?: boolean;
  /** How many servers there are on a log that is shared. Default 3. */
  readonly nodes?: number;
  /** How long such a log stands still, in milliseconds; a link to it is cut for half as long. Default 10,000. */
  readonly frozenMs?: number;
  /** Of what may happen, what does: by its name. Default all of it. */
  readonly only?: readonly string[];
  /** What the configuration of such servers says beside. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How long all is well under load before there is trouble, at most, in milliseconds. Default 1,500. */
  readonly maxLifeMs?: number;
  /** How long each publisher waits after a request, at most, in milliseconds. Default not at all. */
  readonly maxPauseMs?: number;
  /** Decides which channels are published to, and what happens when. */
  readonly seed: number;
  readonly onRound?: (round: number, trouble: string, acknowledged: number) => void;
}

export interface ChaosResult extends CrowdResult {
  readonly rounds: number;
  /** How often another server took the engine's place. */
  readonly failovers: number;
  /** What the servers logged with a stack: it may say why there are faults. */
  readonly logged: readonly string[];
}

/** All is well for so long at least, in milliseconds. */
const MIN_LIFE_MS = 100;
/** Where there are several servers, a reader moves by itself after so many messages: somewhere between the two. */
const LEAST_STAY = 20;
const LONGEST_STAY = 2_000;

/**
 * Makes trouble for real servers again and again (by default for one, which is killed with SIGKILL), while publishers publish in every way there is and readers read
 * over every transport, each of whom comes to another server when it connects anew; then reads the whole history back and compares it with all that was acknowledged and read.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, log = "lmdb", nodes = 3, frozenMs = 10_000, config, maxPauseMs, maxLifeMs = 1_500 } = options;
  const random = seededRandom(seed);
  const open = async (): Promise<Scene> => {
    if (options.workers === true) return openWithWorkers();
    if (log === "lmdb") return openOwnLog();
    return openCluster({ log, nodes, frozenMs, ...(config === undefined ? {} : { config }) });
  };
  await using scene = await open();
  const { servers, failover } = scene;
  const troubles = scene.troubles.filter(({ name }) => options.only?.includes(name) ?? true);
  const rounds = options.rounds ?? troubles.length;
  const isOne = servers.all.length === 1;
  const crowd = new Crowd({
    servers,
    random,
    pauseMs: maxPauseMs === undefined ? undefined : () => random() * maxPauseMs,
    leavesAfter: isOne ? undefined : () => LEAST_STAY + random() * (LONGEST_STAY - LEAST_STAY),
    mayLose: failover !== undefined,
  });
  await crowd.atWork();
  const deck = shuffled(troubles, random);
  const spans: { from: number; to: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    await pause(MIN_LIFE_MS + random() * (maxLifeMs - MIN_LIFE_MS));
    const trouble = deck.next().value;
    const from = crowd.acknowledged;
    // What was acknowledged up to here is where nothing can take it from.
    if (trouble.failsOver === true) await failover?.settled();
    await trouble.make(random);
    // Whatever it was: by themselves, and with what is published meanwhile, all of them come back.
    await Promise.all(servers.all.map((server) => server.ready()));
    if (trouble.failsOver === true) spans.push({ from, to: crowd.acknowledged });
    options.onRound?.(round, trouble.name, crowd.acknowledged);
  }
  const failovers = failover?.count() ?? 0;
  const losses = failover && {
    failovers,
    keepsAcknowledged: failover.keepsAcknowledged,
    // Sentinels that got no time to look may have had another server take over by themselves.
    spans: failovers > spans.length ? [{ from: 0, to: Number.POSITIVE_INFINITY }] : spans,
  };
  const urls = servers.all.map(({ url }) => url);
  const result = await crowd.finish(urls, losses);
  return { rounds, failovers, ...result, logged: servers.all.flatMap(({ faults }) => faults) };
}
