import { ALERTS_CHANNEL, type AlertMessage, channelOf } from "../../shared/channels.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { Severity } from "../../shared/manifest.ts";
import type { Marks } from "./marks.ts";
import type { Teller } from "./teller.ts";

export interface Found {
  readonly severity: Severity;
  readonly rule: string;
  readonly title: string;
  readonly text: string;
  readonly line?: number;
  readonly at: string;
}

/** Where an alert was found: its bytes of the events, or its place in the search of the log. */
type Place = { readonly position: number } | { readonly logMark: number };

/** How far a search got: bytes of the events, and the place in the log. */
interface Reached {
  readonly position: number;
  readonly logMark: number;
}

/** How far the channel of all alerts was told of each run, when this server began. */
export type AllAlerts = ReadonlyMap<string, Reached>;

/** Page of the channel of all alerts that a start reads: what was told there but not on the run's own channel is among the newest. */
const RECENT = 1_000;

export async function readAllAlerts(teller: Teller): Promise<AllAlerts> {
  const { messages } = await teller.tidings.read(ALERTS_CHANNEL, { last: RECENT });
  const all = new Map<string, Reached>();
  for (const { data } of messages) {
    const { evaluation, position = 0, logMark } = data as AlertMessage;
    // The log and the events are searched side by side: what was found first in one need not come first after a kill.
    const before = all.get(evaluation);
    all.set(evaluation, {
      position: Math.max(position, before?.position ?? 0),
      logMark: Math.max(logMark, before?.logMark ?? 0),
    });
  }
  return all;
}

/** The alerts of one run: found in its log and in its events, told in one order on both channels. */
export class Alerts {
  readonly #id: string;
  readonly #teller: Teller;
  readonly #marks: Marks;
  readonly #before: Reached;
  readonly #onCounted: (counts: Marks["alerts"]) => void;
  #last: Promise<void> = Promise.resolve();
  #counts: Marks["alerts"];

  constructor(
    id: string,
    teller: Teller,
    marks: Marks,
    all: AllAlerts,
    onCounted: (counts: Marks["alerts"]) => void,
  ) {
    this.#id = id;
    this.#teller = teller;
    this.#marks = marks;
    this.#before = all.get(id) ?? { position: 0, logMark: 0 };
    this.#onCounted = onCounted;
    this.#counts = marks.alerts;
  }

  get counts(): Marks["alerts"] {
    return this.#counts;
  }

  /** Resolves once it is told, or was before. The log and the events are read at the same time: one after the other. */
  async add(found: Found, place: Place): Promise<void> {
    const mine = this.#last.then(async () => this.#tell(found, place));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #tell(found: Found, place: Place): Promise<void> {
    const marks = this.#marks;
    if (isWithin(place, { position: marks.events.alert, logMark: marks.logMark })) return;
    const told = this.#counts.info + this.#counts.warning + this.#counts.critical;
    if (told > LIMITS.maxAlerts) return;
    const alert = told === LIMITS.maxAlerts ? { ...found, ...TOO_MANY } : found;
    const counts = { ...this.#counts, [alert.severity]: this.#counts[alert.severity] + 1 };
    const data: AlertMessage = {
      evaluation: this.#id,
      ...alert,
      text: alert.text.slice(0, LIMITS.maxAlertChars),
      counts,
      logMark: marks.logMark,
      position: marks.events.alert,
      ...place,
    };
    const once = `${this.#id} ${data.position} ${data.logMark}`;
    // There first: the run's own channel, told last, says that both have it.
    if (!isWithin(place, this.#before)) await this.#teller.tell(ALERTS_CHANNEL, "alert", data, { once });
    await this.#teller.tell(channelOf(this.#id, "alert"), "alert", data, { once });
    marks.logMark = data.logMark;
    marks.events.alert = data.position ?? 0;
    this.#counts = counts;
    this.#onCounted(counts);
  }
}

function isWithin(place: Place, reached: Reached): boolean {
  return "logMark" in place ? place.logMark <= reached.logMark : place.position <= reached.position;
}

const TOO_MANY = {
  severity: "warning",
  rule: "too-many-alerts",
  title: `More than ${LIMITS.maxAlerts} alerts`,
  text: "further alerts of this run are not told; its log has what they were found in",
} as const;
