// Supervises one run: `node supervisor/main.ts <the run's folder>`. Detached from the server that starts it, and ends
// with its evaluation. What it has to complain about itself goes to stderr, which is supervisor.log of the folder.
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { ExitRecord } from "../shared/events.ts";
import { Control } from "./control.ts";
import { Job } from "./job.ts";
import { startOf } from "./processes.ts";
import { type Claim, FILES, readRunFile } from "./run-file.ts";

const [, , folder = "."] = process.argv;
const run = readRunFile(folder);
// The server may be gone, and its end of the pipe with it.
process.stdout.on("error", () => undefined);

const job = new Job(folder, run, () => control.grown());
let isMine = false;
const control: Control = await Control.listen({
  path: run.socket,
  sizes: () => ({ log: job.log.bytes, events: job.events.bytes }),
  onRequest: (request, answer) => {
    if (request.type !== "stop") {
      if (job === undefined)
        return answer({ ok: false, code: "busy", error: "the evaluation has not begun" });
      return job.instruct(request, answer);
    }
    job?.stop({ reason: "stopped", detail: request.detail });
    answer({ ok: true });
  },
});

// After the socket and the files: whoever finds the claim can connect, and read. A server that has declared the run
// lost made it first.
isMine = claim({ pid: process.pid, start: startOf(process.pid) ?? "" });
if (isMine) {
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.on(signal, () => job.stop({ reason: "stopped", detail: `its supervisor got ${signal}` }));
  const running = job.run();
  process.stdout.write("running\n");
  const exit: ExitRecord = { ...(await running), endedAt: new Date().toISOString() };
  job.events.add({ type: "exit", ...exit });
  writeDurably(FILES.exit, exit);
}
control.close();

/** Answers whether the run is this process's to supervise. */
function claim(mine: Claim): boolean {
  const own = join(folder, `${FILES.claim}.${process.pid}`);
  writeFileSync(own, JSON.stringify(mine));
  try {
    // A link, unlike a rename, fails where there is one; and it is there whole.
    linkSync(own, join(folder, FILES.claim));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function writeDurably(name: string, value: unknown): void {
  const path = join(folder, name);
  const fd = openSync(`${path}.new`, "w", 0o600);
  writeSync(fd, JSON.stringify(value));
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${path}.new`, path);
}
