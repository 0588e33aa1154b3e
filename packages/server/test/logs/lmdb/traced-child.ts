/** A process that appends three times, one after the other, and says before and after each that it does. */
import { writeSync } from "node:fs";
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { plainOptions } from "./opened.ts";

const log = await LmdbLog.open(plainOptions(process.argv[2] ?? ""));
for (const step of ["one", "two", "three"]) {
  writeSync(1, `asked ${step}\n`);
  await log.append("a", [{ event: "message", kind: "text", data: Buffer.from(step) }]);
  writeSync(1, `answered ${step}\n`);
}
await log.close();
writeSync(1, "done\n");
