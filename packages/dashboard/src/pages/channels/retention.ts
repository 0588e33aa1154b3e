import { formatBytes, formatDuration, formatShort } from "@tidings/ui";
import type { ChannelRow } from "../../live/shapes.ts";

/** What a channel keeps, in a few words. */
export function sayRetention({ retention, compact }: Pick<ChannelRow, "retention" | "compact">): string {
  const { maxMessages, maxBytes, maxAgeMs } = retention;
  const bounds = [
    ...(maxAgeMs === null ? [] : [formatDuration(maxAgeMs).replace(" h 00 m", " h").replace(" d 0 h", " d")]),
    ...(maxMessages === null ? [] : [formatShort(maxMessages)]),
    ...(maxBytes === null ? [] : [formatBytes(maxBytes)]),
  ];
  const kept = bounds.length === 0 ? "everything" : bounds.join(", ");
  return compact ? `newest of each key, ${kept}` : kept;
}
