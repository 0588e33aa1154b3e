import { RedisLog, type RedisLogOptions } from "../../../src/logs/redis/index.ts";
import { EngineNode } from "../engine-node.ts";

export { publish, text, textsOf, WHOLE } from "../engine-node.ts";

export const Node = {
  open: (options: RedisLogOptions): Promise<EngineNode> =>
    EngineNode.open((onEvent) => RedisLog.open({ ...options, onEvent })),
};
