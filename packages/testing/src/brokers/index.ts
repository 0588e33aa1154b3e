export { NatsCluster } from "./nats-cluster.ts";
export { hasNats, hasSoundClusters, NatsServer, type NatsServerOptions } from "./nats-server.ts";
export { RedisCluster, type RedisClusterOptions } from "./redis-cluster.ts";
export { hasRedis, RedisServer, type RedisServerOptions } from "./redis-server.ts";
export { RedisSentinel } from "./redis-sentinel.ts";
export { SentinelGroup } from "./sentinel-group.ts";
