import { type Signal, signal } from "@preact/signals";
import { onceAFrame } from "@tidings/ui";
import { AlertEvents, type AlertMessage, ALERTS_CHANNEL } from "../../../shared/channels.ts";
import { tidings } from "./client.ts";

/** Alerts of all runs that are held; the oldest go first. */
const MAX_ALERTS = 200;

/** The latest alerts of all runs, newest first. Read from the first time that a page asks for them. */
export const latestAlerts: Signal<readonly AlertMessage[]> = signal([]);
export const areAlertsRead: Signal<boolean> = signal(false);

const held: AlertMessage[] = [];
const flush = onceAFrame(() => (latestAlerts.value = held.toReversed()));
let isReading = false;

export function readAlerts(): void {
  if (isReading) return;
  isReading = true;
  const channel = tidings.channel(ALERTS_CHANNEL, { last: MAX_ALERTS, schema: AlertEvents });
  channel.on("alert", (alert) => {
    held.push(alert);
    if (held.length > MAX_ALERTS) held.shift();
    flush();
  });
  channel.on("caught-up", () => (areAlertsRead.value = true));
}
