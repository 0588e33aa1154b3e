export { hasRedis, RedisServer, type RedisServerOptions } from "./redis-server.ts";
