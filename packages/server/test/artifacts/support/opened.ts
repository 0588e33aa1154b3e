import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Log, MemoryLog, type Retention } from "@tidings/core";
import { type Cursor, DEFAULT_LIMITS, type Limits, type NewMessage } from "@tidings/protocol";
import { pino } from "pino";
import type { StoredPayload } from "@tidings/core";
import { Artifacts, FolderStore } from "../../../src/artifacts/index.ts";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";

const RETENTION: Retention = { maxMessages: 3, maxBytes: 1_000_000, maxAgeMs: Infinity };

export interface OpenOptions {
  readonly limits?: Partial<Limits>;
  readonly log?: "lmdb" | "memory";
  readonly compact?: boolean;
  /** Default: a fresh one. */
  readonly folder?: string;
}

/** Artifacts on a folder and a log of their own, with a clock that a test turns. */
export class OpenedArtifacts implements AsyncDisposable {
  nowMs = 1_700_000_000_000;
  #artifacts: Artifacts | undefined;
  #log: Log | undefined;
  readonly folder: string;
  readonly #limits: Limits;
  readonly #isDurable: boolean;
  readonly #isCompact: boolean;

  static async open(options: OpenOptions = {}): Promise<OpenedArtifacts> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "tidings-artifacts-test-")));
    const opened = new OpenedArtifacts(folder, options);
    await opened.#open();
    return opened;
  }

  private constructor(folder: string, { limits, log, compact }: OpenOptions) {
    this.folder = folder;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#isDurable = log !== "memory";
    this.#isCompact = compact ?? false;
  }

  get artifacts(): Artifacts {
    if (this.#artifacts === undefined) throw new Error("not open");
    return this.#artifacts;
  }

  get log(): Log {
    if (this.#log === undefined) throw new Error("not open");
    return this.#log;
  }

  get path(): string {
    return join(this.folder, "artifacts");
  }

  /** As a process that was killed: what was in memory alone is gone. */
  async restart(): Promise<void> {
    await this.artifacts.close();
    await this.log.close();
    await this.#open();
  }

  /** Puts a payload without a message yet. */
  async put(channel: string, data: string | Uint8Array = "payload"): Promise<StoredPayload> {
    return this.artifacts.put(Buffer.from(data), { channel, kind: "text" });
  }

  /** Appends the message that names a payload, as the publisher does between `put` and `bind`. */
  async append(channel: string, { artifact }: StoredPayload, key?: string): Promise<Cursor> {
    const message: NewMessage = {
      event: "message",
      kind: "text",
      data: new Uint8Array(0),
      artifact: Buffer.from(JSON.stringify({ artifact })),
      ...(key === undefined ? {} : { key }),
    };
    const { epoch, offset } = await this.log.append(channel, [message]);
    return { epoch, offset };
  }

  /** All three steps. */
  async publish(channel: string, key?: string): Promise<StoredPayload> {
    const stored = await this.put(channel);
    await this.artifacts.bind(stored.id, channel, await this.append(channel, stored, key));
    return stored;
  }

  /** Appends messages that name nothing, so that retention drops older ones. */
  async push(channel: string, count: number): Promise<void> {
    for (let n = 0; n < count; n++)
      await this.log.append(channel, [{ event: "message", kind: "json", data: Buffer.from("1") }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.artifacts.close();
    await this.log.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    const options = {
      retentionOf: () => (this.#isCompact ? { ...RETENTION, maxMessages: 2_000, compact: true } : RETENTION),
      nowMs: () => this.nowMs,
      newEpoch: () => randomBytes(4).toString("hex"),
    };
    this.#log = this.#isDurable
      ? await LmdbLog.open({ ...options, path: this.folder })
      : new MemoryLog(options);
    const logger = pino({ level: "silent" });
    this.#artifacts = await Artifacts.open({
      store: new FolderStore(this.#isDurable ? this.path : undefined, logger),
      log: this.#log,
      limits: this.#limits,
      logger,
      nowMs: () => this.nowMs,
      newId: () => randomBytes(12).toString("base64url"),
      basePath: "",
      isCompact: () => this.#isCompact,
    });
  }
}
