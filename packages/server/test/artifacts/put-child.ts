/**
 * A process that keeps payloads for messages as fast as it can until it is killed, and says `ack` with the id of each
 * whose message was appended, the moment it was told.
 */
import { writeSync } from "node:fs";
import { OpenedArtifacts } from "./support/opened.ts";

const [folder = ""] = process.argv.slice(2);
const opened = await OpenedArtifacts.open({ folder, limits: {} });

async function work(channel: string): Promise<void> {
  for (let n = 0; ; n++) {
    const stored = await opened.put(channel, `${channel}-${n}-`.repeat(1 + ((n * 7_919) % 40_000)));
    const at = await opened.append(channel, stored);
    writeSync(1, `ack ${stored.id}\n`);
    await opened.artifacts.bind(stored.id, channel, at);
  }
}

await Promise.all(["a", "b", "c"].map(work));
