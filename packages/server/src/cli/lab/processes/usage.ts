import type { Usage } from "../shapes.ts";

/** What this process takes, between one reading and the next. */
export class UsageMeter {
  #atMs = performance.now();
  #cpu = process.cpuUsage();

  read(): Usage {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const cpuPercent = (user + system) / 10 / Math.max(1, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#cpu = process.cpuUsage();
    return {
      pid: process.pid,
      cpuPercent: Number(cpuPercent.toFixed(1)),
      rssBytes: process.memoryUsage.rss(),
    };
  }
}
