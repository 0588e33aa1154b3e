// What processes have used, by /proc (Linux; elsewhere nothing is known, and the columns stay empty).
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second: 100 on every Linux that Node.js runs on. */
const TICKS = 100;

/** @param {number} pid @returns {number[]} it and all that it has started */
function familyOf(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const parent = Number(statOf(Number(name))?.[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    }
  } catch {
    return [pid];
  }
  const all = [pid];
  for (const each of all) all.push(...(children.get(each) ?? []));
  return all;
}

/** The fields after the name, from the state on. @param {number} pid */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/**
 * CPU seconds so far, and resident bytes now, of a process and all that it has started.
 * @param {number} pid @returns {{ cpuSeconds: number, rssBytes: number } | undefined}
 */
export function usageOf(pid) {
  let cpuSeconds = 0;
  let rssBytes = 0;
  for (const each of familyOf(pid)) {
    const stat = statOf(each);
    if (stat === undefined) continue;
    cpuSeconds += (Number(stat[11]) + Number(stat[12])) / TICKS;
    rssBytes += Number(stat[21]) * 4096;
  }
  return rssBytes === 0 ? undefined : { cpuSeconds, rssBytes };
}

/**
 * CPU seconds so far of a process, and then of each that it has started; to the nanosecond where the kernel says it so.
 * @param {number} pid @returns {Map<number, number>}
 */
export function usageByProcess(pid) {
  return new Map(familyOf(pid).map((each) => [each, threadSeconds(each)]));
}

/** Of all threads that it has (Linux, Documentation/scheduler/sched-stats). @param {number} pid */
function threadSeconds(pid) {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const ns = tasks.map((task) =>
      Number.parseInt(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1"), 10),
    );
    return ns.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    return Number.NaN;
  }
}
