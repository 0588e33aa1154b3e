import { rmSync } from "node:fs";
import { runProgram } from "../../program.ts";
import { endWithParent } from "./answer.ts";

// `tidings serve`, which ends with the lab that started it, and takes the lab's folder along where the lab was killed.
const [folder = "", ...flags] = process.argv.slice(2);
endWithParent(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
process.exitCode = await runProgram([process.execPath, "tidings", "serve", ...flags]);
