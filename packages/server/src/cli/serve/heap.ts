import { setFlagsFromString } from "node:v8";

/** By how much what was promoted, and memory outside of the heap, may grow before all of it is looked through, in percent. */
const GROWING_PERCENT = 100;

/**
 * Has V8 look through its whole heap when it has doubled. Left to itself it does so whenever 8 to 10 MB were allocated for
 * long or outside of the heap, which takes threads of its own that are not counted as pauses: buffers that are written to a
 * thousand readers made it go through 30 MB three times a second, an eighth of the server's CPU. For the process as a whole, so
 * not for applications that mount the library.
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
