import { describeLog, type OpenLog } from "@tidings/testing";
import { MemoryLog } from "../src/index.ts";

const openMemoryLog: OpenLog = async (options) => {
  let log = new MemoryLog(options);
  return {
    log,
    restart: async () => {
      await log.close();
      log = new MemoryLog(options);
      return log;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
};

describeLog("memory", openMemoryLog, { durable: false, contiguous: true });
