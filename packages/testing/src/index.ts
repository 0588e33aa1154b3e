export {
  hasNats,
  hasSoundClusters,
  hasRedis,
  NatsCluster,
  NatsServer,
  type NatsServerOptions,
  RedisCluster,
  type RedisClusterOptions,
  RedisSentinel,
  RedisServer,
  type RedisServerOptions,
  SentinelGroup,
} from "./brokers/index.ts";
export { Crowd, type CrowdOptions, type CrowdResult } from "./chaos/crowd.ts";
export { compareAcknowledged, readHistory } from "./chaos/history.ts";
export {
  type Acknowledged,
  publishBatches,
  type PublisherOptions,
  publishKeyed,
  publishSingly,
} from "./chaos/publishers.ts";
export { seededRandom } from "./chaos/random.ts";
export { ServerProcess } from "./chaos/server-process.ts";
export { type LinkDirection, TcpLink } from "./chaos/tcp-link.ts";
export { rollingRestart } from "./chaos/troubles.ts";
export {
  type CutHow,
  type Fault,
  type FaultProxy,
  faultProxy,
  type Injected,
  type InjectOptions,
  type Only,
  type ProxiedRequest,
  ownPort,
} from "@tidings/fault-proxy";
export {
  describeLog,
  describeLogModel,
  type DescribeLogOptions,
  type LogCapabilities,
  type OpenedLog,
  type OpenLog,
} from "./log/index.ts";
export {
  makeTrouble,
  planFaults,
  type Step,
  type Target,
  type TroublemakerOptions,
} from "./random-faults/index.ts";
export {
  type Answer,
  type Body,
  dataOf,
  type Delivered,
  describeTransport,
  fetchArtifact,
  type Fetched,
  type LogUnderTest,
  messagesOf,
  ndjsonDriver,
  numbers,
  offsetOf,
  pollDriver,
  publish,
  publishBatch,
  type Published,
  publishNumbers,
  Random,
  type ServerOptions,
  type ServerUnderTest,
  send,
  sha256Of,
  sseDriver,
  type StreamEvent,
  take,
  testWithSeeds,
  type TransportDriver,
  type TransportStream,
  until,
  untilCaughtUp,
  webSocketDriver,
} from "./transport/index.ts";
