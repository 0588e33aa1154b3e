import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Scene } from "./scene.ts";
import { ServerGroup } from "./server-group.ts";
import { ServerProcess } from "./server-process.ts";
import { restart, type Trouble } from "./troubles.ts";

/** How long a worker stands still, in milliseconds. */
const FROZEN_MS = 300;

/**
 * A server of several processes on a log of its own (Linux). A worker is killed, told to stop, or stands still; or the
 * process that has the log is killed, and the server is started again.
 */
export async function openWithWorkers(): Promise<Scene> {
  const server = await ServerProcess.create({ workers: 2 });
  await server.start();
  const signal = (random: () => number, name: NodeJS.Signals): number | undefined => {
    const workers = childrenOf(server.pid);
    const worker = workers[Math.floor(random() * workers.length)];
    if (worker !== undefined) process.kill(worker, name);
    return worker;
  };
  const troubles: readonly Trouble[] = [
    { name: "a worker is killed", make: async (random) => void signal(random, "SIGKILL") },
    { name: "a worker is told to stop", make: async (random) => void signal(random, "SIGTERM") },
    {
      name: "a worker stands still",
      make: async (random) => {
        const worker = signal(random, "SIGSTOP");
        await pause(FROZEN_MS);
        if (worker !== undefined) process.kill(worker, "SIGCONT");
      },
    },
    { name: "the server is killed", make: () => restart(server) },
  ];
  const servers = new ServerGroup([server]);
  return { servers, troubles, [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose]() };
}

/** The processes that one has started and that run still (proc_pid_children(5)). */
function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
