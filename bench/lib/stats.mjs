/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half of how far the runs are apart, as a share of their median. @param {readonly number[]} values */
function spread(values) {
  const all = Math.max(...values) - Math.min(...values);
  return all === 0 ? 0 : all / 2 / median(values);
}

/** @param {number} value @param {number} [digits] */
export function round(value, digits = 1) {
  return value === undefined || Number.isNaN(value) ? undefined : Number(value.toFixed(digits));
}

/**
 * As {@link repeat}; where a run fails, or is given up, the others of its kind are left out, and the row says why: one peer
 * that cannot keep up must not end the run of all.
 * @param {number} times @param {(run: number) => Promise<Record<string, any>>} run @param {string} main
 */
export async function attempt(times, run, main) {
  try {
    return await repeat(times, run, main);
  } catch (error) {
    return { failed: error instanceof Error ? error.message.split("\n")[0] : String(error) };
  }
}

/**
 * Runs something several times; of each number that it answers there is the median, and `spread` is that of one of them.
 * @param {number} times @param {(run: number) => Promise<Record<string, any>>} run @param {string} main
 */
export async function repeat(times, run, main) {
  const runs = [];
  for (let at = 0; at < times; at++) runs.push(await run(at));
  /** @type {Record<string, any>} */
  const row = {};
  for (const [name, value] of Object.entries(runs[0])) {
    const numbers = runs.map((each) => each[name]).filter((each) => typeof each === "number");
    row[name] = typeof value === "number" ? round(median(numbers), 3) : value;
  }
  return { ...row, runs: times, spread: round(spread(runs.map((each) => each[main])), 3) };
}
