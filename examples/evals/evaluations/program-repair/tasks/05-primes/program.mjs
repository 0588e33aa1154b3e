/** All primes up to `limit`, inclusive, by the sieve of Eratosthenes. */
export function primesUpTo(limit) {
  const isComposite = Array.from({ length: limit + 1 }, () => false);
  const primes = [];
  for (let n = 2; n <= limit; n += 1) {
    if (isComposite[n]) continue;
    primes.push(n);
    for (let multiple = n + n; multiple < limit; multiple += n) isComposite[multiple] = true;
  }
  return primes;
}
