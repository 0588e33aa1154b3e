/**
 * A process that publishes to a log as fast as it can until it is killed, and says on standard output what it was told,
 * the moment it was told: `ack` for every append that was answered, `tail` for every message a reader would have seen.
 * Written at once, so that a line that is not there was not said; one that was cut off lacks its full stop.
 */
import { writeSync } from "node:fs";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { killedOptions, messagesOf } from "./killed-options.ts";

const [path = "", round = "0"] = process.argv.slice(2);
const PUBLISHERS = 24;
const CHANNELS = ["keep/1", "keep/2", "keep/3", "few/1", "few/2", "keyed/1", "keyed/2", "turn/1"];

function say(...words: readonly unknown[]): void {
  const line = Buffer.from(`${words.join(" ")} .\n`);
  for (let at = 0; at < line.length;) {
    try {
      at += writeSync(1, line, at);
    } catch (error) {
      // The pipe is full: its reader is slower, and this process has nothing better to do than to ask again.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

say("begin");
const log = await LmdbLog.open(killedOptions(path, Number(round)));
log.tail(({ channel, messages }) => {
  for (const { offset, data } of messages) say("tail", channel, offset, String(Buffer.from(data)));
});
for (const channel of CHANNELS) say("open", (await log.follow(channel)).epoch, channel);

async function publish(publisher: number): Promise<void> {
  for (let batch = 0; ; batch++) {
    const channel = CHANNELS[(publisher + batch) % CHANNELS.length] ?? "";
    const name = `${round}.${publisher}.${batch}`;
    const messages = messagesOf(channel, name, "x".repeat((batch * 97) % 3_000));
    say("try", channel, name);
    const { offset, epoch } = await log.append(channel, messages, { idempotencyKey: name });
    say("ack", channel, name, offset, epoch);
  }
}

await Promise.all(Array.from({ length: PUBLISHERS }, (_, publisher) => publish(publisher)));
