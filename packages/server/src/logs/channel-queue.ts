import type { AppendOptions, Appended } from "@tidings/core";
import { type NewMessage, TidingsError } from "@tidings/protocol";

/** Appends of one channel go together up to so many bytes or calls; what is over waits for the next time. */
const MAX_GROUP_BYTES = 4_194_304;
const MAX_GROUP_CALLS = 250;

export interface AppendJob {
  readonly type: "append";
  readonly batch: readonly NewMessage[];
  readonly options: AppendOptions;
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Anything else that takes its place among the appends. Never rejects. */
interface OtherJob {
  readonly type: "other";
  readonly run: () => Promise<void>;
}

/** What changes each channel, in the order of the calls: one call at a time, and what comes meanwhile goes together. */
export class ChannelQueues {
  readonly #waiting = new Map<string, (AppendJob | OtherJob)[]>();
  readonly #append: (channel: string, jobs: readonly AppendJob[]) => Promise<void>;
  readonly #maxPendingBytes: number;
  readonly #engine: string;
  #pendingBytes = 0;
  readonly #working = new Set<Promise<void>>();

  /**
   * @param append carries appends out and answers each. Never rejects
   * @param maxPendingBytes of appends that wait; more are refused with `LOG_UNAVAILABLE`
   * @param engine how it is called where people read it
   */
  constructor(
    append: (channel: string, jobs: readonly AppendJob[]) => Promise<void>,
    maxPendingBytes: number,
    engine: string,
  ) {
    this.#append = append;
    this.#engine = engine;
    this.#maxPendingBytes = maxPendingBytes;
  }

  append(
    channel: string,
    batch: readonly NewMessage[],
    options: AppendOptions,
    bytes: number,
  ): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#maxPendingBytes)
        throw behindError(this.#engine, this.#maxPendingBytes);
      this.#pendingBytes += bytes;
      this.#add(channel, { type: "append", batch, options, bytes, resolve, reject });
    });
  }

  run<T>(channel: string, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#add(channel, { type: "other", run: () => call().then(resolve, reject) });
    });
  }

  /** Waits until all is answered. */
  async drained(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  #add(channel: string, job: AppendJob | OtherJob): void {
    const waiting = this.#waiting.get(channel);
    if (waiting !== undefined) {
      waiting.push(job);
      return;
    }
    const jobs = [job];
    this.#waiting.set(channel, jobs);
    const working = this.#work(channel, jobs).finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  async #work(channel: string, jobs: (AppendJob | OtherJob)[]): Promise<void> {
    while (jobs.length > 0) {
      const group = takeAppends(jobs);
      if (group.length > 0) {
        await this.#append(channel, group);
        for (const { bytes } of group) this.#pendingBytes -= bytes;
        continue;
      }
      const other = jobs.shift();
      if (other?.type === "other") await other.run();
    }
    this.#waiting.delete(channel);
  }
}

/** Takes the appends that stand first, as many as go together. */
function takeAppends(jobs: (AppendJob | OtherJob)[]): readonly AppendJob[] {
  const group: AppendJob[] = [];
  let bytes = 0;
  for (const job of jobs) {
    if (job.type !== "append" || group.length === MAX_GROUP_CALLS) break;
    bytes += job.bytes;
    if (group.length > 0 && bytes > MAX_GROUP_BYTES) break;
    group.push(job);
  }
  jobs.splice(0, group.length);
  return group;
}

function behindError(engine: string, bytes: number): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `more than ${bytes} bytes wait for the log's ${engine}, which is slower than what is published; publish again later.`,
  );
}
