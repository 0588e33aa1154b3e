/** The kit of an evaluation: what a program imports to be one. See evaluation.ts, and wire.ts for what is sent. */
export { evaluation, type Evaluation } from "./evaluation.ts";
export { seeded, type Random } from "./random.ts";
