/** A process that opens a log, says so, and holds it until it is ended. */
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { plainOptions } from "./opened.ts";

try {
  const log = await LmdbLog.open(plainOptions(process.argv[2] ?? ""));
  // An open log that nothing is asked of does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  process.once("SIGTERM", () => {
    clearInterval(alive);
    void log.close().then(() => console.log("closed"));
  });
  console.log("open");
} catch (error) {
  console.log((error as { code?: string }).code, (error as Error).message);
}
