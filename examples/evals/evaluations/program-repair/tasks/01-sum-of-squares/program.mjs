/** The sum of the squares of `numbers`. */
export function sumOfSquares(numbers) {
  let sum = 0;
  for (const number of numbers) sum += number + number;
  return sum;
}
