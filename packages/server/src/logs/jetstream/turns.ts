import { randomBytes } from "node:crypto";

/** How long a node lets another one write at least, and at most, in milliseconds. */
const LEAST_MS = 20;
const MOST_MS = 1_000;
/** A try takes about as long as the one before; its answer may be slower, and the news of it has a way to go too. */
const MARGIN = 3;

/** While another node has its turn on a channel. */
interface Held {
  readonly by: string;
  readonly over: Promise<void>;
  readonly end: () => void;
}

/**
 * Whose turn it is on a channel that several nodes write to. The server takes whichever entry comes first, so of two nodes that
 * write all the time, the farther one would lose every race. One that lost asks the others to let it write; they hold their
 * next entry back, for as long as a try of that node takes, until it is done. What waits meanwhile goes together, so the
 * nearer one loses little. Nodes that ask for a turn themselves hold nothing back: they race, and one of them is first.
 */
export class Turns {
  readonly #id = randomBytes(6).toString("base64url");
  readonly #tell: (text: string) => void;
  readonly #asked = new Set<string>();
  readonly #held = new Map<string, Held>();

  /** @param tell brings a text to {@link Turns.hear} of all nodes; one that is lost costs a race. */
  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** What a node has told, this one's own included. */
  hear(text: string): void {
    const [what, by = "", channel = "", ms = ""] = text.split(" ");
    if (by === this.#id) return;
    const held = this.#held.get(channel);
    if (what === "done" && held?.by === by) held.end();
    if (what === "ask" && held === undefined && Number(ms) > 0) this.#hold(channel, by, Number(ms));
  }

  /** Waits while another node has its turn; answers whether one had. */
  async pass(channel: string): Promise<boolean> {
    const held = this.#asked.has(channel) ? undefined : this.#held.get(channel);
    await held?.over;
    return held !== undefined;
  }

  /**
   * Asks the others to let this node write, until {@link Turns.done}.
   *
   * @param tryMs how long the last try took, in milliseconds.
   */
  ask(channel: string, tryMs: number): void {
    this.#asked.add(channel);
    this.#tell(`ask ${this.#id} ${channel} ${Math.ceil(tryMs * MARGIN)}`);
  }

  /** This node has written, or has given up; nothing where it had not asked. */
  done(channel: string): void {
    if (this.#asked.delete(channel)) this.#tell(`done ${this.#id} ${channel}`);
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const { end } of this.#held.values()) end();
  }

  #hold(channel: string, by: string, ms: number): void {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      clearTimeout(timer);
      if (this.#held.get(channel)?.by === by) this.#held.delete(channel);
      resolve();
    };
    // One that was killed is never done.
    const timer = setTimeout(end, Math.min(MOST_MS, Math.max(LEAST_MS, ms)));
    this.#held.set(channel, { by, over, end });
  }
}
