export { type AppendPlan, planAppend } from "./append-plan.ts";
export { checkRoom, type Values } from "./check-room.ts";
export {
  Connection,
  type ConnectionOptions,
  type ConnectionOutput,
  type Output,
  type Subscribe,
} from "./connection.ts";
export { eventFilter, type Filter } from "./filter.ts";
export { type Gap, gapFrame } from "./gap.ts";
export { type GrantLists, Grants, type Right, RIGHTS } from "./grants.ts";
export { type FlushListener, Hub, type HubOptions } from "./hub.ts";
export type { Conflation, Traffic } from "./hub-channel.ts";
export {
  type AppendOptions,
  type Appended,
  type ChannelDescription,
  type ChannelState,
  DEFAULT_RETENTION,
  type Log,
  type LogOptions,
  type LogPage,
  type PageLimits,
  type Retention,
  type TailEvent,
  type TailListener,
} from "./log.ts";
export { KeyedRing } from "./keyed-ring.ts";
export { MemoryLog } from "./memory-log.ts";
export type { NewPayload, PayloadStore, StoredPayload } from "./payload-store.ts";
export { Attendance, type AttendanceOptions } from "./presence/attendance.ts";
export {
  Presence,
  type PresenceLimits,
  type PresenceOptions,
  type PresencePage,
} from "./presence/presence.ts";
export { PageReader, type PageRequest, type PageResult } from "./page-reader.ts";
export { PlainRing } from "./plain-ring.ts";
export { Policies, type Policy, type ResolvedPolicy } from "./policy.ts";
export {
  Publisher,
  type PublisherOptions,
  type PublishOptions,
  type PublishWatch,
  type Sender,
} from "./publisher.ts";
export type { PublishMessage } from "./publish-message.ts";
export type { Held, Ring } from "./ring.ts";
export { type RateLimits, Rates } from "./rates.ts";
export { Reader, type ReaderOptions, type ReaderSink, type ReaderState } from "./reader.ts";
export type { Start } from "./start.ts";
export type { StreamCodec } from "./stream-codec.ts";
export { SplitLog, type SplitLogOptions } from "./split-log.ts";
export { TokenBucket } from "./token-bucket.ts";
