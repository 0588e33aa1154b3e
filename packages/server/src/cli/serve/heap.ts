import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** By how much what was promoted, and memory outside of the heap, may grow before all of it is looked through, in percent. */
const GROWING_PERCENT = 100;
/** Where the young generation is to stop growing, in bytes: both of its halves. */
const YOUNG_BYTES = 32 * 1_048_576;
/** How often it is looked at until then, in milliseconds. */
const LOOK_MS = 250;

/**
 * Sets V8's heap up for a server. For the process as a whole, so not for applications that mount the library.
 *
 * V8 is to look through its whole heap when it has doubled. Left to itself it does so whenever 8 to 10 MB were allocated
 * for long or outside of the heap, which takes threads of its own that are not counted as pauses: buffers that are written
 * to a thousand readers made it go through 30 MB three times a second, an eighth of the server's CPU.
 *
 * And its young generation is to stay at 32 MiB, unless Node.js was given a size for it. V8 doubles it whenever as much has
 * survived as it holds, up to 128 MiB, which 10,000 connections that come are enough for; it hardly ever becomes smaller.
 * Fan-out and publishing are as fast without.
 */
export function tuneHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
  if (isYoungSizeGiven()) return;
  const timer = setInterval(() => {
    if (boundYoungGeneration()) clearInterval(timer);
  }, LOOK_MS);
  timer.unref();
}

/** Has the young generation grow no more once it has its size; answers whether it has. */
export function boundYoungGeneration(): boolean {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  if (young === undefined || young.space_size < YOUNG_BYTES) return false;
  // There is no way to set its size by now, but what it is multiplied by is looked up each time.
  setFlagsFromString("--semi-space-growth-factor=1");
  return true;
}

function isYoungSizeGiven(): boolean {
  const { NODE_OPTIONS = "" } = process.env;
  return [...process.execArgv, NODE_OPTIONS].some((option) => /--m(?:ax|in)[-_]semi[-_]space/.test(option));
}
