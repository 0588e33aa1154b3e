import { announce, byId, setHidden, showText } from "./dom.ts";
import { formatCount, formatDuration, plural } from "./format.ts";
import type { StreamState } from "./stream.ts";

/** Less than this is the network, not a lag, in milliseconds. */
const LAG_WORTH_TELLING_MS = 1_500;
/** The rate is that of the last seconds. */
const RATE_SECONDS = 5;

/** The line that says how the stream is doing. */
export class Status {
  readonly #pill = byId("state");
  readonly #text = byId("state-text");
  readonly #retry = byId<HTMLButtonElement>("retry");
  readonly #behind = byId("behind");
  readonly #last = byId("last");
  readonly #rate = byId("rate");
  readonly #problem = byId("problem");
  #state: StreamState = { kind: "connecting" };
  #aheadMs = 0;
  #lastTimeMs: number | undefined;
  #lagMs = 0;
  /** How many messages came in each of the last seconds. */
  readonly #perSecond: number[] = Array.from({ length: RATE_SECONDS }, () => 0);
  #second = 0;
  #isOpened = false;

  constructor(reconnect: () => void) {
    this.#retry.addEventListener("click", reconnect);
  }

  get kind(): StreamState["kind"] {
    return this.#state.kind;
  }

  setState(state: StreamState): void {
    const isNew = state.kind !== this.#state.kind;
    this.#state = state;
    if (state.kind === "live") this.#isOpened = true;
    // A screen reader hears of a change, and not of every second of a countdown.
    if (isNew) announce(this.#announcement(state));
    this.draw();
  }

  setClock(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  received(timeMs: number): void {
    if (!Number.isNaN(timeMs)) {
      this.#lastTimeMs = timeMs;
      this.#lagMs = Date.now() + this.#aheadMs - timeMs;
    }
    // What is caught up on comes as fast as the network can; a rate is that of what happens now.
    if (this.#state.kind !== "live") return;
    this.#roll();
    this.#perSecond[this.#second % RATE_SECONDS] = (this.#perSecond[this.#second % RATE_SECONDS] ?? 0) + 1;
  }

  /** Writes everything that moves with the clock. */
  draw(): void {
    const { kind } = this.#state;
    this.#pill.dataset["state"] = kind;
    showText(this.#text, this.#words());
    setHidden(this.#retry, kind !== "waiting" && kind !== "stopped");
    if (!this.#retry.hidden) showText(this.#retry, kind === "stopped" ? "Try again" : "Now");
    showText(this.#behind, this.#behindWords());
    const lastMs = this.#lastTimeMs;
    const sinceLast = lastMs === undefined ? "" : formatDuration(Date.now() + this.#aheadMs - lastMs);
    showText(this.#last, sinceLast === "" ? "" : `last message ${sinceLast} ago`);
    this.#roll();
    const rate = this.#perSecond.reduce((sum, count) => sum + count, 0) / RATE_SECONDS;
    showText(
      this.#rate,
      rate === 0 ? "" : `${rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))}/s`,
    );
    this.#drawProblem();
  }

  #words(): string {
    switch (this.#state.kind) {
      case "connecting":
        return this.#isOpened ? "Reconnecting" : "Connecting";
      case "catching-up":
        return "Catching up";
      case "live":
        return "Live";
      case "waiting":
        return `Reconnecting in ${Math.max(0, Math.ceil((this.#state.untilMs - Date.now()) / 1_000))} s`;
      case "offline":
        return "Offline";
      case "stopped":
        return "Stopped";
    }
  }

  #behindWords(): string {
    const lastMs = this.#lastTimeMs;
    switch (this.#state.kind) {
      case "live":
        return this.#lagMs > LAG_WORTH_TELLING_MS && this.#hasRate()
          ? `${formatDuration(this.#lagMs)} behind`
          : "up to date";
      case "catching-up":
        return lastMs === undefined ? "" : `${formatDuration(Date.now() + this.#aheadMs - lastMs)} behind`;
      default:
        return "";
    }
  }

  #hasRate(): boolean {
    return this.#perSecond.some((count) => count > 0);
  }

  #announcement(state: StreamState): string {
    switch (state.kind) {
      case "connecting":
        return "";
      case "catching-up":
        return "Connected, catching up";
      case "live":
        return "Live";
      case "waiting":
        return "Connection lost; reconnecting by itself";
      case "offline":
        return "Offline; reconnecting by itself once there is a network";
      case "stopped":
        return `Stopped: ${state.problem.title}`;
    }
  }

  #drawProblem(): void {
    const problem = "problem" in this.#state ? this.#state.problem : undefined;
    const code = problem?.code === undefined ? "" : ` (${problem.code})`;
    showText(
      this.#problem,
      problem === undefined ? "" : `${problem.title}${code}. ${problem.detail}`.trimEnd(),
    );
  }

  #roll(): void {
    const second = Math.floor(performance.now() / 1_000);
    for (let at = Math.max(this.#second + 1, second - RATE_SECONDS + 1); at <= second; at++) {
      this.#perSecond[at % RATE_SECONDS] = 0;
    }
    this.#second = second;
  }
}

/** What the button says that leads back to the tail. */
export function unseenWords(unseen: number): string {
  return unseen === 0 ? "Latest" : plural(unseen, "new message");
}
