import { runProgram } from "./program.ts";

// Not process.exit: what was written to a pipe may still be on its way.
process.exitCode = await runProgram(process.argv);
