import { JetStreamLog, type JetStreamLogOptions } from "../../../src/logs/jetstream/index.ts";
import { EngineNode } from "../engine-node.ts";

export { publish, text, textsOf, WHOLE } from "../engine-node.ts";

export const Node = {
  open: (options: JetStreamLogOptions): Promise<EngineNode> =>
    EngineNode.open((onEvent) => JetStreamLog.open({ ...options, onEvent })),
};
