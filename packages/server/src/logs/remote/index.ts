/**
 * The log of another process of this machine: what the workers of one server share.
 *
 * One process owns the log and serves it to the others (`LogHost`), each over a socket of its own (`Peer`); each of those uses it
 * as if it were its own (`RemoteLog`). It promises what the log behind it does: an append is acknowledged when that log
 * has acknowledged it, and what a reader has seen, that log has.
 *
 * - Frames have their length before them, and payloads travel as they are (the room `peer`, and `message.ts`). All that one end says in
 *   one turn of the event loop is one write; calls are under way together, so that a durable log commits them together.
 * - One socket each way keeps the order: the tail is told ahead of the answer to an append, and of that to `follow`.
 * - What is appended is encoded once and crosses to each process that follows the channel once. One that does not read (it is
 *   stopped, or too slow) leaves 16 MiB unread; what comes then it is told as cut (`TailEvent.isCut`), and reads from the log.
 * - Where the other process is gone all that waits gets `LOG_UNAVAILABLE`, as does what is called later: nothing connects anew.
 */
export { LogHost } from "./host.ts";
export { RemoteLog } from "./remote-log.ts";
