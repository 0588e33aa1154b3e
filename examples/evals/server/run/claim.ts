import { link, readFile, rm, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import { join } from "node:path";
import { startOf } from "../../supervisor/processes.ts";
import { type Claim, FILES } from "../../supervisor/run-file.ts";

/** How long a supervisor that was just started may take to claim its run, in milliseconds. */
const CLAIM_MS = 5_000;

/**
 * Who has a run: a supervisor that was started a moment ago is waited for; where none comes this process claims the
 * run itself, so that none can start it later.
 */
export async function claimOf(folder: string): Promise<Claim> {
  const claim = (await readClaim(folder)) ?? (await waitForClaim(folder));
  if (claim !== undefined) return claim;
  const own = join(folder, `${FILES.claim}.server`);
  const mine: Claim = { pid: process.pid, start: null };
  await writeFile(own, JSON.stringify(mine));
  try {
    await link(own, join(folder, FILES.claim));
    return mine;
  } catch {
    // It came at the last moment.
    return (await readClaim(folder)) ?? mine;
  } finally {
    await rm(own, { force: true });
  }
}

/** Whether the supervisor that claimed a run still is. */
export function isAlive({ pid, start }: Claim): boolean {
  return start !== null && startOf(pid) === start;
}

async function readClaim(folder: string): Promise<Claim | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, FILES.claim), "utf8")) as Claim;
  } catch {
    return undefined;
  }
}

async function waitForClaim(folder: string): Promise<Claim | undefined> {
  const { promise, resolve } = Promise.withResolvers<Claim | undefined>();
  const look = (): void => void readClaim(folder).then((claim) => claim !== undefined && resolve(claim));
  const watcher = watch(folder, look);
  const timer = setTimeout(() => resolve(undefined), CLAIM_MS);
  look();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    watcher.close();
  }
}
