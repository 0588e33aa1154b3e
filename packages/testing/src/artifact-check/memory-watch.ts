import { readFile } from "node:fs/promises";

const INTERVAL_MS = 50;

/** The most memory that a process has resident, beside what it began with (Linux). */
export class MemoryWatch {
  readonly #pid: number;
  readonly #beganBytes: number;
  #peakBytes: number;
  readonly #timer: NodeJS.Timeout;

  static async begin(pid: number): Promise<MemoryWatch> {
    return new MemoryWatch(pid, await residentBytes(pid));
  }

  private constructor(pid: number, beganBytes: number) {
    this.#pid = pid;
    this.#beganBytes = beganBytes;
    this.#peakBytes = beganBytes;
    this.#timer = setInterval(() => void this.#sample(), INTERVAL_MS);
  }

  /** Megabytes (of 1,000,000 bytes) at the beginning, at the most, and in between. */
  end(): { readonly beganMb: number; readonly peakMb: number; readonly growthMb: number } {
    clearInterval(this.#timer);
    const [began, peak] = [this.#beganBytes, this.#peakBytes].map(
      (bytes) => Math.round(bytes / 100_000) / 10,
    );
    const growthMb = Math.round((this.#peakBytes - this.#beganBytes) / 100_000) / 10;
    return { beganMb: began ?? 0, peakMb: peak ?? 0, growthMb };
  }

  async #sample(): Promise<void> {
    // It may be gone: it is killed in between.
    const bytes = await residentBytes(this.#pid).catch(() => 0);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024;
}
