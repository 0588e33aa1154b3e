/** A process that appends once, and neither closes the log nor ends by itself. */
import { LmdbLog } from "../../../src/logs/lmdb/index.ts";
import { plainOptions } from "./opened.ts";

const log = await LmdbLog.open(plainOptions(process.argv[2] ?? ""));
const { offset } = await log.append("a", [{ event: "message", kind: "text", data: Buffer.from("one") }]);
console.log("appended", offset);
