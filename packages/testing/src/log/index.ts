export { describeLog, describeLogModel, type DescribeLogOptions } from "./describe-log.ts";
export type { LogCapabilities, OpenedLog, OpenLog } from "./opened-log.ts";
