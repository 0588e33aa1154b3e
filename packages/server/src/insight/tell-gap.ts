import { type Gap, gapFrame } from "@tidings/core";
import type { Access } from "../auth/index.ts";
import type { Insight } from "./insight.ts";
import { whoIs } from "./who.ts";

/** Tells an operator what a reader was told: that messages are missing. */
export function tellGap(
  { events }: Insight,
  reader: {
    readonly connection?: string;
    readonly transport: string;
    readonly address: string;
    readonly access: Access;
  },
  channel: string,
  gap: Gap,
): void {
  const { access, ...others } = reader;
  const { type: _, ...told } = gapFrame(channel, gap);
  events.gap(() => ({ ...told, ...others, who: whoIs(access.identity) }));
}
