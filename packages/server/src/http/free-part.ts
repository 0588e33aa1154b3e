/**
 * Gives the memory of a body's part back at once, when nobody needs it any more. V8 counts what buffers hold and collects
 * only after some 64 MB of it, so without this a server grows by as much while it takes uploads. What shares its memory with
 * others is left alone.
 */
export function freePart({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
