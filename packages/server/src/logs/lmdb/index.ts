/**
 * The embedded durable log: one folder, nothing to install or to run beside the server.
 *
 * What survives what, once an append was acknowledged or its message was seen by any reader:
 *
 * | what happens                        | messages, offsets, epoch, idempotency keys (5 minutes)                       |
 * |-------------------------------------|------------------------------------------------------------------------------|
 * | the process is killed, at any time  | all there; no offset is handed out twice                                     |
 * | the system crashes, the power fails | all there, as far as the disk keeps what it said it has (fdatasync, O_DSYNC) |
 * | the disk is full                    | all there; appends get `LOG_FULL` and append nothing, until there is room    |
 * | a write or flush fails              | all there; the group's appends get `LOG_UNAVAILABLE`, later ones may succeed |
 * | the file is damaged or cut short    | an error that names it, not wrong payloads: blocks carry a checksum           |
 *
 * An append that was not acknowledged is there as a whole or not at all; with `LOG_FULL` it is not.
 *
 * How: appends wait while a commit is under way, then all of them get their offsets and are written by one transaction
 * of LMDB, with the channels' heads, retention and idempotency keys; it returns once it is flushed, and only then are
 * the tail and the publishers told. A commit costs two flushes whatever its size: one publisher at a time gets some
 * hundred to two thousand appends a second, a thousand at once several hundred thousand.
 *
 * Retention moves a channel's `earliest` exactly and at once; the room is freed behind it bit by bit and used again.
 * The file never shrinks. A retention that is raised may show again what was hidden and not yet removed.
 *
 * A channel that keeps the newest message of each key (`Retention.compact`) has each message in a block of its own, and
 * a record of where the newest of each key is. What an append supersedes goes in the very commit that brings the append:
 * nothing piles up, nothing is cleaned later, and a read skips nothing. It costs three times the records: at 10,000 keys
 * some ten thousand appends a second, half a million messages read, and a file of some times what is held, however many
 * updates there were. Its reads wait for a commit of it that is under way. When the policy of a channel changes, whoever
 * looks at it next waits until it is converted, a bounded piece in each commit, which goes on where a crash left it.
 *
 * One process at a time: another gets `LOG_LOCKED`, and one that was killed is no obstacle. Not for network file systems.
 *
 *     lmdb-log.ts           the log: queue, commits, answers; shown.ts: what readers are shown of a channel
 *     group.ts, draft.ts    what a commit does; window.ts: where retention puts the beginning
 *     store-reader.ts       reads, on the main thread (read-messages.ts: a page)
 *     store-writer.ts       writes, on a thread of its own (writer.ts: the main thread's side of it)
 *     compact/              channels that leave offsets out: draft.ts, window.ts, read.ts, and convert.ts for a changed policy
 *     owner.ts, data-file.ts  who has the folder, and whether it is a log
 *     block.ts, channel.ts, keys.ts, script.ts  bytes;  faults.ts  what went wrong, for publishers
 */
export { LmdbLog } from "./lmdb-log.ts";
export type { LmdbLogOptions } from "./options.ts";
