import { writeSync } from "node:fs";

/** Writes all of it: a write may take only a part. */
export function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}
