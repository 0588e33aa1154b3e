import type { ChannelDescription, Log } from "@tidings/core";

/** How many channels are looked at together. */
const TOGETHER = 64;

export interface ListedChannels {
  /** Names with a prefix, in order, from the first above `after` on; none where there are no more. */
  readonly names: (
    prefix: string,
    after: string,
    limit: number,
  ) => readonly string[] | Promise<readonly string[]>;
  readonly describe: (channel: string) => Promise<ChannelDescription>;
}

/** A log's channels, where names are listed by themselves: one whose messages the engine lost has a name, and nothing else. */
export async function listChannels(
  { names, describe }: ListedChannels,
  { prefix, limit, ...from }: Parameters<Log["channels"]>[0],
): Promise<readonly ChannelDescription[]> {
  const found: ChannelDescription[] = [];
  for (let { after } = from; found.length < limit;) {
    const page = await names(prefix, after, Math.min(TOGETHER, limit - found.length));
    if (page.length === 0) break;
    const described = await Promise.all(page.map((name) => describe(name)));
    found.push(...described.filter(({ head }) => head > 0));
    after = page.at(-1) as string;
  }
  return found;
}
