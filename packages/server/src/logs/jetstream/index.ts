/**
 * The log on a NATS JetStream that nodes share: a server, or a cluster.
 *
 * What is promised of an append that was acknowledged, or whose message any reader has seen, is what JetStream keeps: see
 * docs/scaling.md. What it loses is found and told as another epoch.
 *
 * - One stream; each channel is a subject of it, and what its entries (`entry.ts`) make of it in order (`replica.ts`). JetStream
 *   runs no program of ours, so a node works an append out by itself and publishes the entry on the condition that the entry it
 *   saw last is still the last one (`Nats-Expected-Last-Subject-Sequence`). If not, it reads what came and works it out again. An
 *   append is one entry whatever its batch, and so all or nothing on every version; idempotency keys, offsets without holes, conditions and
 *   retention are as exact as in the other logs, since they are in the entries and not in the server's own bounds.
 *   Nodes that write to one channel race; one that loses asks the others for its turn (`turns.ts`).
 * - A header has all of an entry but its records: a channel is taken up by headers, and messages are read when they are asked for.
 * - The tail (`channels.ts`): the stream republishes what it has kept, so a node listens to the subjects of channels that it
 *   follows, each once. Where an entry is missing, after a reconnect, and about once a second, the stream is read.
 * - Loss: each entry names the one before it, and a node looks after each lost connection whether what it saw is still there, and
 *   wherever what comes does not go on from it. Servers that keep the stream together may differ: its leader counts, and each
 *   entry is known by its tag.
 *
 *     jetstream-log.ts  the log;  plan.ts: what appends do;  turns.ts: who writes next;  channels.ts: the channels in use
 *     chain.ts          a channel's entries, in order, as the stream's leader has them
 *     engine.ts         the connection;  stream.ts: JetStream's API;  subjects.ts: what things are called
 *     bodies.ts         where records are;  items.ts: what is kept of a message;  names.ts: all channels
 */
export type { NatsUrl } from "../nats-url.ts";
export { JetStreamLog } from "./jetstream-log.ts";
export type { JetStreamLogOptions, NatsOptions } from "./options.ts";
