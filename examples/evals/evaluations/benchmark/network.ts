import type { Random } from "../../kit/index.ts";
import { matrix, multiply, norm, type Matrix } from "./matrix.ts";

interface Layer {
  readonly weights: Matrix;
  readonly bias: Float64Array;
  /** What momentum keeps of the steps before. */
  readonly weightVelocity: Float64Array;
  readonly biasVelocity: Float64Array;
  gradientNorm: number;
}

export interface StepOptions {
  readonly learningRate: number;
  readonly momentum: number;
}

/** A network of full layers: tanh between them, and one output that is the chance of class 1. */
export class Network {
  readonly #layers: readonly Layer[];

  /** `sizes`: inputs, hidden layers, 1. Weights begin as Glorot and Bengio (2010) chose them for tanh. */
  constructor(sizes: readonly number[], random: Random) {
    this.#layers = sizes.slice(1).map((out, index) => {
      const into = sizes[index] ?? 0;
      const limit = Math.sqrt(6 / (into + out));
      return {
        weights: matrix(into, out, () => (2 * random.next() - 1) * limit),
        bias: new Float64Array(out),
        weightVelocity: new Float64Array(into * out),
        biasVelocity: new Float64Array(out),
        gradientNorm: 0,
      };
    });
  }

  /** The chance of class 1 for each row of `inputs`. */
  predict(inputs: Matrix): Float64Array {
    return this.#forward(inputs).at(-1)?.data.map(sigmoid) ?? new Float64Array();
  }

  /** One step of gradient descent with momentum on a minibatch; returns its mean loss before the step. */
  train(inputs: Matrix, labels: Float64Array, { learningRate, momentum }: StepOptions): number {
    const activations = this.#forward(inputs);
    const logits = activations.at(-1)?.data ?? new Float64Array();
    const loss = meanLoss(logits, labels);
    // For a sigmoid under cross-entropy, the derivative by the logit is just the error.
    let delta = matrix(
      inputs.rows,
      1,
      (row) => (sigmoid(logits[row] ?? 0) - (labels[row] ?? 0)) / inputs.rows,
    );
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const layer = this.#layers[index];
      const input = activations[index];
      if (layer === undefined || input === undefined) break;
      const gradient = multiply(input, delta, { a: true });
      const biasGradient = columnSums(delta);
      if (index > 0) {
        const back = multiply(delta, layer.weights, { b: true });
        // The derivative of tanh, by its own output.
        delta = matrix(
          back.rows,
          back.columns,
          (at) => (back.data[at] ?? 0) * (1 - (input.data[at] ?? 0) ** 2),
        );
      }
      layer.gradientNorm = norm(gradient.data);
      descend(layer.weights.data, layer.weightVelocity, gradient.data, learningRate, momentum);
      descend(layer.bias, layer.biasVelocity, biasGradient, learningRate, momentum);
    }
    return loss;
  }

  /** Mean loss (cross-entropy, in nats) and the share that is told right. */
  measure(inputs: Matrix, labels: Float64Array): { readonly loss: number; readonly accuracy: number } {
    const logits = this.#forward(inputs).at(-1)?.data ?? new Float64Array();
    const right = logits.reduce(
      (sum, logit, row) => sum + (logit > 0 === (labels[row] ?? 0) > 0.5 ? 1 : 0),
      0,
    );
    return { loss: meanLoss(logits, labels), accuracy: right / logits.length };
  }

  /** Each layer's weights, then its biases, as one array. */
  weights(): Float64Array {
    const parts = this.#layers.flatMap(({ weights, bias }) => [...weights.data, ...bias]);
    return Float64Array.from(parts);
  }

  /** Takes on what {@link weights} gave, with no momentum. */
  restore(saved: Float64Array): void {
    let offset = 0;
    for (const { weights, bias, weightVelocity, biasVelocity } of this.#layers) {
      for (const part of [weights.data, bias]) {
        part.set(saved.subarray(offset, offset + part.length));
        offset += part.length;
      }
      weightVelocity.fill(0);
      biasVelocity.fill(0);
    }
  }

  /** What a person looks at: shapes and lengths, not thousands of numbers. */
  describe(): readonly object[] {
    return this.#layers.map(({ weights, bias, weightVelocity, gradientNorm }) => ({
      shape: `${weights.rows}×${weights.columns}`,
      weights: norm(weights.data),
      bias: norm(bias),
      velocity: norm(weightVelocity),
      gradient: gradientNorm,
    }));
  }

  /** The input, then what each layer makes of it; the last is logits. */
  #forward(inputs: Matrix): Matrix[] {
    const activations = [inputs];
    let last = inputs;
    for (const [index, { weights, bias }] of this.#layers.entries()) {
      last = multiply(last, weights);
      const isHidden = index < this.#layers.length - 1;
      for (let at = 0; at < last.data.length; at += 1) {
        const sum = (last.data[at] ?? 0) + (bias[at % weights.columns] ?? 0);
        last.data[at] = isHidden ? Math.tanh(sum) : sum;
      }
      activations.push(last);
    }
    return activations;
  }
}

function descend(
  values: Float64Array,
  velocity: Float64Array,
  gradient: Float64Array,
  rate: number,
  momentum: number,
): void {
  for (let at = 0; at < values.length; at += 1) {
    const moved = momentum * (velocity[at] ?? 0) - rate * (gradient[at] ?? 0);
    velocity[at] = moved;
    values[at] = (values[at] ?? 0) + moved;
  }
}

function columnSums({ rows, columns, data }: Matrix): Float64Array {
  const sums = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at += 1) {
    sums[at % columns] = (sums[at % columns] ?? 0) + (data[at] ?? 0);
  }
  return sums;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Cross-entropy from logits, in the form that neither overflows nor takes the logarithm of 0. */
function meanLoss(logits: Float64Array, labels: Float64Array): number {
  let sum = 0;
  for (const [row, logit] of logits.entries()) {
    sum += Math.max(logit, 0) - logit * (labels[row] ?? 0) + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return sum / logits.length;
}
