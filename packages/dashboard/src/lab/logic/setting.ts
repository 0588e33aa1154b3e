import { formatBytes, formatCount } from "@tidings/ui/format";
import type { Needs } from "@tidings/protocol";
import type { StartInput } from "./lab-code.ts";

export type Setting = Pick<StartInput, "rate" | "size" | "readers">;
export type Bounds = Readonly<Record<string, number>>;

/** What the form says before anybody has changed it; slow enough to follow, fast enough to fill a distribution. */
export const FIRST_SETTING: Setting = { rate: 20, size: 256, readers: 5 };

/** The needs' rate and size, as far as the lab goes; and in words what is other than asked for. */
export function settingFrom(
  { receivedPerSecond, messageBytes }: Pick<Needs, "receivedPerSecond" | "messageBytes">,
  readers: number,
  transports: number,
  bounds: Bounds,
): { readonly setting: Setting; readonly notes: readonly string[] } {
  const of = (name: string): number => bounds[name] ?? Number.POSITIVE_INFINITY;
  const notes: string[] = [];
  const within = (asked: number, least: number, most: number, say: (value: number) => string): number => {
    const value = Math.min(most, Math.max(least, asked));
    if (value !== asked)
      notes.push(`${say(asked)} is ${asked > value ? "more" : "less"} than the lab does: ${say(value)}.`);
    return value;
  };
  const size = within(messageBytes, of("minSizeBytes"), of("maxSizeBytes"), formatBytes);
  const most = Math.min(of("maxRate"), of("maxPublishedBytesPerSecond") / size);
  const rate = within(receivedPerSecond, of("minRate"), floored(most), (value) => `${plain(value)} a second`);
  const all = Math.min(of("maxDeliveriesPerSecond"), of("maxDeliveredBytesPerSecond") / size) / rate;
  const fit = Math.max(
    1,
    Math.min(readers, of("maxReaders"), Math.floor(Math.min(all, of("maxAllReaders")) / transports)),
  );
  if (fit !== readers)
    notes.push(
      `${formatCount(readers)} readers of each would be too many at that rate: ${formatCount(fit)}.`,
    );
  return { setting: { rate, size, readers: fit }, notes };
}

/** Three digits, and never above. */
function floored(value: number): number {
  return value >= 100 ? Math.floor(value) : Math.floor(value * 10) / 10;
}

function plain(value: number): string {
  return value.toLocaleString("en-GB", { maximumFractionDigits: 3 });
}
