import { Random } from "./case.ts";

/** 130,000 characters that no compression finds anything in: about 100,000 bytes on a socket whose stream is compressed. */
export const NOISE: string = noise(new Random(1), 130_000);

function noise(random: Random, length: number): string {
  // Printable ASCII above the quotation mark; the backslash, the other one that JSON escapes, becomes a tilde.
  const codes = Array.from({ length }, () => random.int(0x23, 0x7d)).map((code) =>
    code === 0x5c ? 0x7e : code,
  );
  return Buffer.from(codes).toString("latin1");
}
