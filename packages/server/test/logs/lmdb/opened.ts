import { type LogOptions } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdbLog, type LmdbLogOptions } from "../../../src/logs/lmdb/index.ts";
import { keepAll, reopened } from "../opened.ts";

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "tidings-lmdb-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Options of a log that keeps everything, by the real clock. */
export function plainOptions(path: string): LmdbLogOptions {
  return { path, ...keepAll() };
}

/** A log in a folder of its own, for the conformance list. */
export async function openLmdbLog(
  options: LogOptions,
  more: Partial<LmdbLogOptions> = {},
): Promise<OpenedLog> {
  const folder = await temporaryFolder();
  const open = (): Promise<LmdbLog> => LmdbLog.open({ ...options, ...more, path: folder.path });
  return reopened(open, async () => folder[Symbol.asyncDispose]());
}
