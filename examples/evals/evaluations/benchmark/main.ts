import { evaluation, seeded } from "../../kit/index.ts";
import { decisionMap } from "./decision-map.ts";
import { Network } from "./network.ts";
import { minibatch, spirals, type Samples } from "./spirals.ts";

/** Trains a network on two spirals, step by step: a long run with metrics, and as large a log as is asked for. */

interface Parameters {
  readonly seed: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly hidden: number;
  readonly evaluateEvery: number;
  readonly checkpoints: number;
  readonly logLines: number;
  readonly paceMs: number;
}

const TRAINING_SAMPLES = 400;
const VALIDATION_SAMPLES = 200;
const BATCH = 32;
/** A loss above this has diverged: guessing alone gives 0.69 (ln 2). */
const DIVERGED_LOSS = 5;
/** Times in a row that it diverges before it gives up. */
const MAX_DIVERGENCES = 5;
/** Measurements in a row that the validation loss may rise while the training loss falls. */
const OVERFITTING_AFTER = 5;

const run = await evaluation<Parameters>();
const { parameters } = run;
const { seed, steps, hidden, evaluateEvery, logLines } = parameters;
const random = seeded(seed);
const training = spirals(TRAINING_SAMPLES, random);
const validation = spirals(VALIDATION_SAMPLES, random);
const network = new Network([2, hidden, hidden, 1], random);

let saved = network.weights();
let best = { step: 0, ...network.measure(validation.points, validation.labels) };
let last = { training: best.loss, validation: best.loss };
let risesInARow = 0;
let divergences = 0;

run.onSet((name, value) => run.log.info(`${name} is now ${JSON.stringify(value)}, was ${parameters[name]}`));
run.log.info(
  `two spirals: ${TRAINING_SAMPLES} samples to train on, ${VALIDATION_SAMPLES} to check with; ` +
    `a network 2-${hidden}-${hidden}-1 of ${saved.length} weights; ${steps} steps of ${BATCH} samples, seed ${seed}`,
);

for (let step = 1; step <= steps; step += 1) {
  const batch = minibatch(training, BATCH, random);
  const loss = network.train(batch.points, batch.labels, parameters);
  logSamples(step, batch);
  if (step % evaluateEvery === 0 || step === steps) {
    measure(step, loss);
    await run.wait(parameters.paceMs);
  }
  if (isCheckpoint(step)) keepCheckpoint(step);
  await run.checkpoint(`step ${step}`, () => ({
    step,
    loss,
    learningRate: parameters.learningRate,
    momentum: parameters.momentum,
    best,
    layers: network.describe(),
  }));
}

const final = {
  training: network.measure(training.points, training.labels),
  validation: network.measure(validation.points, validation.labels),
};
const report = { seed, steps, weights: saved.length, ...final, best };
run.artifact("report.json", "application/json", `${JSON.stringify(report, null, 2)}\n`);
run.result(report);
run.log.info(`done: validation accuracy ${percent(final.validation.accuracy)}, best at step ${best.step}`);

function measure(step: number, batchLoss: number): void {
  const train = network.measure(training.points, training.labels);
  const check = network.measure(validation.points, validation.labels);
  run.metric("loss", step, train.loss);
  run.metric("validation loss", step, check.loss);
  run.metric("accuracy", step, train.accuracy);
  run.metric("validation accuracy", step, check.accuracy);
  run.progress(step, steps, `accuracy ${percent(check.accuracy)}`);
  run.log.info(
    `step ${step}: batch loss ${batchLoss.toFixed(4)}, loss ${train.loss.toFixed(4)}, validation loss ` +
      `${check.loss.toFixed(4)}, accuracy ${percent(train.accuracy)}, validation accuracy ${percent(check.accuracy)}`,
  );
  // Written so that it is true of NaN too.
  if (!(train.loss <= DIVERGED_LOSS)) return recover(step, train.loss);
  divergences = 0;
  if (check.loss < best.loss) {
    best = { step, ...check };
    saved = network.weights();
  }
  risesInARow = check.loss > last.validation && train.loss < last.training ? risesInARow + 1 : 0;
  last = { training: train.loss, validation: check.loss };
  if (risesInARow === OVERFITTING_AFTER) {
    run.log.warn("validation loss rises while training loss falls: it learns its data by heart");
  }
}

/** Goes on from the best weights so far: a learning rate that was set too high can be set back. */
function recover(step: number, loss: number): void {
  divergences += 1;
  const text = `the loss is ${loss.toPrecision(3)} at step ${step} with learning rate ${parameters.learningRate}`;
  run.alert("critical", "diverged", text);
  run.log.error(`diverged: ${text}; back to the weights of step ${best.step}`);
  if (divergences === MAX_DIVERGENCES) {
    throw new Error(`diverged ${MAX_DIVERGENCES} times in a row: ${text}; set a lower learningRate`);
  }
  network.restore(saved);
}

function isCheckpoint(step: number): boolean {
  const share = (at: number): number => Math.floor((at * parameters.checkpoints) / steps);
  return share(step) > share(step - 1);
}

function keepCheckpoint(step: number): void {
  const weights = network.weights();
  run.artifact(`weights-${step}.bin`, "application/octet-stream", new Uint8Array(weights.buffer));
  run.artifact(`map-${step}.png`, "image/png", decisionMap(network, validation));
  run.log.info(
    `checkpoint at step ${step}: ${weights.length} weights (64-bit floats), and a map of the answers`,
  );
}

/** This step's share of the extra log lines: one for a sample and what the network makes of it now. */
function logSamples(step: number, { points, labels }: Samples): void {
  const share = (at: number): number => Math.floor((at * logLines) / steps);
  const first = share(step - 1);
  const count = share(step) - first;
  if (count === 0) return;
  const chances = network.predict(points);
  const lines = Array.from({ length: count }, (_, index) => {
    const row = index % labels.length;
    const [x = 0, y = 0] = points.data.subarray(2 * row, 2 * row + 2);
    return (
      `sample ${String(first + index + 1).padStart(7, "0")} of step ${step}: x ${x.toFixed(5)} y ${y.toFixed(5)} ` +
      `class ${labels[row]} answer ${(chances[row] ?? 0).toFixed(6)}`
    );
  });
  run.log.debug(lines.join("\n"));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
