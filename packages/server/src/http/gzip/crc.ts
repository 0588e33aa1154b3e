/** The polynomial of CRC-32 with its bits reversed (RFC 1952 §8): the highest bit stands for x⁰, the lowest for x³¹. */
const POLYNOMIAL = 0xed_b8_83_20;
const ONE = 0x80_00_00_00;
/** x⁸: what one more byte multiplies by. */
const ONE_BYTE = ONE >>> 8;

/** The product of two polynomials modulo that of CRC-32. */
function multiply(one: number, other: number): number {
  let product = 0;
  let power = other;
  for (let bits = one | 0; bits !== 0; bits <<= 1) {
    // The sign is the highest bit.
    if (bits < 0) product ^= power;
    power = power & 1 ? (power >>> 1) ^ POLYNOMIAL : power >>> 1;
  }
  return product >>> 0;
}

/** What a CRC-32 is to be multiplied by when `length` bytes follow: x to the power of their bits. */
export function crcShift(length: number): number {
  let shift = ONE;
  let power = ONE_BYTE;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  return shift;
}

/**
 * The CRC-32 of two stretches of bytes set side by side, from that of each and the {@link crcShift} of the second: what is shared is
 * summed once, and each stream goes on from where it is without looking at a byte.
 */
export function joinCrc(first: number, second: number, shift: number): number {
  return (multiply(first, shift) ^ second) >>> 0;
}
