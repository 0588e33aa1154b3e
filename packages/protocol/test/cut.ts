/** Cuts bytes at the given places, in any order and with repeats, so that some pieces are empty. */
export function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...cuts].map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

/** All the cuts there are: before each byte. */
export function everywhere(bytes: Uint8Array): number[] {
  return [...bytes.keys()];
}
