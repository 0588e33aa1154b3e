/** A matrix of numbers, row by row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function matrix(rows: number, columns: number, at?: (index: number) => number): Matrix {
  const data = new Float64Array(rows * columns);
  if (at !== undefined) for (let index = 0; index < data.length; index += 1) data[index] = at(index);
  return { rows, columns, data };
}

/**
 * `a · b`, where each may be read transposed: one loop for the three products that backpropagation needs, and no
 * transposed copies.
 */
export function multiply(
  a: Matrix,
  b: Matrix,
  flip: { readonly a?: boolean; readonly b?: boolean } = {},
): Matrix {
  const [rows, inner] = flip.a === true ? [a.columns, a.rows] : [a.rows, a.columns];
  const [height, columns] = flip.b === true ? [b.columns, b.rows] : [b.rows, b.columns];
  if (inner !== height) throw new RangeError(`cannot multiply ${rows}×${inner} by ${height}×${columns}`);
  const [aRow, aStep] = flip.a === true ? [1, a.columns] : [a.columns, 1];
  const [bRow, bStep] = flip.b === true ? [1, b.columns] : [b.columns, 1];
  const product = matrix(rows, columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let k = 0; k < inner; k += 1) {
        sum += (a.data[row * aRow + k * aStep] ?? 0) * (b.data[k * bRow + column * bStep] ?? 0);
      }
      product.data[row * columns + column] = sum;
    }
  }
  return product;
}

/** The Euclidean length of all its numbers, taken as one vector. */
export function norm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
