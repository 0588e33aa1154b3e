/**
 * The log on a Redis that nodes share: one server, the master that sentinels name, or a cluster.
 *
 * What is promised of an append that was acknowledged, or whose message any reader has seen, is what Redis keeps: see
 * docs/scaling.md, which has a row for each of its settings. What Redis loses is found and told as another epoch.
 *
 * - An append is one script (`script/`), and so atomic: repeats, conditions, offsets, storing, retention, notification.
 *   A channel's keys are in one hash slot with those of its part, of which there are 1,024, and with the part's life:
 *   a random text that is there while they are. A channel that nobody wrote to has its part's life as its epoch.
 * - Times are the node's (`nowMs`), as in every log, and not the engine's: a script that asked it for the time would
 *   still need the node's for what the tests of all logs set.
 * - Calls that change a channel are made one at a time by each node (`channel-queue.ts`), and what comes meanwhile goes
 *   together: order is that of the calls even where a slot of a cluster moves, and a busy channel costs a call a round trip.
 * - The tail (`followers.ts`): a node subscribes to the topics of channels that it follows. A notification brings small
 *   messages along; where offsets are missing, after a reconnect, and about once a second, the stream is read.
 *   Redis sends notifications and answers once its append-only file is written, `appendfsync always` included.
 * - Loss (`channel-calls.ts`, `script/state.ts`): every call says what its node saw last, and the first after a lost
 *   connection also the tag of the message that stood there. With each new connection all channels that were seen are compared.
 *
 *     redis-log.ts       the log;  channel-calls.ts, append-call.ts: what the script is asked, and answers
 *     engine.ts          where a key's server is;  link.ts, connection.ts: the way there;  sentinels.ts, topology.ts, slot.ts: who has what
 *     confirmations.ts   what replicas have
 *     names.ts           the list of all channels;  keys.ts: what keys are called
 *     note.ts, record.ts bytes;  faults.ts: what went wrong, for publishers
 *
 * Bounded work: a call takes as long as what it appends, reads or drops, but for three that look at all a channel holds: a
 * policy that begins or ceases to keep the newest of each key, and a truncation or lowered retention of such a channel.
 */
export type { RedisUrl } from "../redis-url.ts";
export type { RedisLogOptions, RedisOptions } from "./options.ts";
export { RedisLog } from "./redis-log.ts";
