import { type ChildProcess, fork } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { LoadedConfig } from "../../../config/index.ts";
import { Peer } from "../../../peer/index.ts";
import { EXIT, Failure } from "../../exit.ts";
import type { Door, Taker } from "./door.ts";
import { type FromWorker, PEER_FD, type ToWorker } from "./messages.ts";
import { Restarts } from "./restarts.ts";

const MAIN = fileURLToPath(new URL("./worker-main.js", import.meta.url));
/** What a worker may take for its end beyond the drain, in milliseconds; then it is killed. */
const STOP_GRACE_MS = 10_000;

export interface FleetOptions {
  readonly count: number;
  readonly loaded: LoadedConfig;
  readonly folder: string;
  readonly logger: Logger;
  readonly door: Door;
  /** A worker begins: what it may ask of this process. */
  readonly onPeer: (peer: Peer) => void;
}

/** One place among the workers, and who has it now. */
interface Slot {
  readonly number: number;
  readonly restarts: Restarts;
  child: ChildProcess | undefined;
  peer: Peer | undefined;
  ended: Promise<void>;
  timer: NodeJS.Timeout | undefined;
}

/** The workers of one server, each replaced when it ends. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #slots: readonly Slot[];
  #isStopping = false;
  /** How many were replaced so far. */
  restarts = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      restarts: new Restarts(),
      child: undefined,
      peer: undefined,
      ended: Promise.resolve(),
      timer: undefined,
    }));
  }

  /** The workers that are there now. */
  get peers(): readonly Peer[] {
    return this.#slots.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
  }

  /**
   * Starts all workers; resolves once each takes connections.
   *
   * @throws {Failure} what the first that could not start says
   */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#start(slot, true)));
  }

  /** Has all workers send their connections away, and waits for their ends. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const { drainMs } = this.#options.loaded.config;
    for (const { child, timer } of this.#slots) {
      clearTimeout(timer);
      if (child !== undefined) say(child, { type: "stop" });
    }
    const killing = setTimeout(() => {
      for (const { child } of this.#slots) child?.kill("SIGKILL");
    }, drainMs + STOP_GRACE_MS);
    await Promise.all(this.#slots.map(({ ended }) => ended));
    clearTimeout(killing);
  }

  /** @param isFirst whether nobody has served yet: what keeps this one from it keeps the server from it */
  #start(slot: Slot, isFirst: boolean): Promise<void> {
    const { loaded, folder, logger, door, onPeer } = this.#options;
    const { number } = slot;
    const beganMs = performance.now();
    const child = fork(MAIN, [], {
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc", "pipe"],
    });
    const peer = new Peer(child.stdio[PEER_FD] as Duplex, `worker ${number}`);
    const taker: Taker = { process: child, open: 0, handed: undefined };
    slot.child = child;
    slot.peer = peer;
    onPeer(peer);
    say(child, { type: "start", worker: number, loaded, folder });
    const ready = Promise.withResolvers<void>();
    let failure: Failure | undefined;
    child.on("message", (message: FromWorker) => {
      switch (message.type) {
        case "ready":
          if (!isFirst) logger.info({ worker: number }, "the worker was replaced");
          door.add(taker);
          return ready.resolve();
        case "taken":
          return door.taken(taker);
        case "closed":
          taker.open -= message.count;
          return;
        case "stopping":
          return door.delete(taker);
        case "failed":
          failure = new Failure(message.exitCode, message.message);
      }
    });
    // Such as a message that it did not live to take: told by its end.
    child.on("error", ignore);
    slot.ended = new Promise((resolve) => {
      child.on("exit", (code, signal) => {
        door.delete(taker);
        slot.child = undefined;
        slot.peer = undefined;
        const how = signal ?? `exit code ${code}`;
        ready.reject(failure ?? new Failure(EXIT.failure, `worker ${number} ended as it began (${how}).`));
        resolve();
        // Where the server does not start it says so, and stops the others.
        if (this.#isStopping || (isFirst && failure !== undefined)) return;
        this.#replace(slot, failure?.message ?? how, performance.now() - beganMs, code !== EXIT.ok);
      });
    });
    return ready.promise;
  }

  #replace(slot: Slot, reason: string, livedMs: number, isFault: boolean): void {
    const restartInMs = slot.restarts.delayMs(livedMs);
    const worker = slot.number;
    const { logger } = this.#options;
    // One that was told to stop has ended as it should: somebody renews them, one after the other.
    const level = isFault ? "error" : "info";
    logger[level](
      { worker, reason, restartInMs },
      "a worker ended; its clients come back to the others, and another one takes its place",
    );
    this.restarts++;
    slot.timer = setTimeout(() => {
      // Its end, where it cannot start, comes here again.
      this.#start(slot, false).catch(ignore);
    }, restartInMs);
  }
}

function say(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, ignore);
}

function ignore(): void {}
