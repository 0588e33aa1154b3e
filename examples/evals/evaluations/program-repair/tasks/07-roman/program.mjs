const VALUES = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 };

/** The number that a Roman numeral stands for. */
export function fromRoman(numeral) {
  let total = 0;
  for (let at = 0; at < numeral.length; at += 1) {
    const value = VALUES[numeral[at]];
    const next = VALUES[numeral[at]] ?? 0;
    total += value <= next ? -value : value;
  }
  return total;
}
