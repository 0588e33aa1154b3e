// What the embedded store commits by itself, as the server configures it: puts whose promises are waited for. With
// `overlappingSync`, lmdb's default, those would be kept before the disk has what was put.
import { open } from "lmdb";
import { answer } from "../lib/child.mjs";

const store = open({
  path: process.argv[2],
  encoding: "binary",
  keyEncoding: "binary",
  overlappingSync: false,
});

answer({
  async commit({ inFlight, seconds, size }) {
    const value = Buffer.alloc(size, "x");
    let count = 0;
    const beganMs = performance.now();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (performance.now() - beganMs < seconds * 1_000) {
          const key = Buffer.alloc(8);
          key.writeBigUInt64BE(BigInt(++count));
          await store.put(key, value);
        }
      }),
    );
    return { publishesPerSecond: Math.round((count / (performance.now() - beganMs)) * 1_000) };
  },
});
