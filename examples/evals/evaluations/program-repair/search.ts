import type { Random } from "../../kit/index.ts";
import { apply, edits, WEIGHTS, type Edit } from "./edits.ts";
import type { TestRun } from "./runner.ts";

/** What an attempt showed about the line that it edited, as a factor of how likely another edit there is to help. */
const SAME_TESTS = 0.8;
const ONLY_WORSE = 0.9;
const OTHER_TESTS = 2;
const HUNG = 0.4;
const IN_STACK = 2;

/** How much the share of tests that pass counts when a program is chosen to go on from. */
const PASSED_COUNTS = 5;
/** What each attempt without success, and each edit from the original, takes from a program's weight. */
const TRIED_ALREADY = 0.97;
const FURTHER_AWAY = 0.3;

/** A program to go on from: the original, or one that passes tests which the one before it did not. */
export interface Variant {
  readonly source: string;
  readonly tests: TestRun;
  /** What was done to the original, for a person. */
  readonly edits: readonly string[];
}

interface Node extends Variant {
  readonly untried: Edit[];
  /** How promising each line is. */
  readonly lines: Map<number, number>;
  attempts: number;
}

export interface Candidate {
  readonly from: Variant;
  readonly edit: Edit;
  readonly program: string;
}

/**
 * Which edit to try next, of all programs that were worth keeping. It does not climb greedily: an edit that passes one
 * test more by accident would otherwise lead it where no second edit helps.
 */
export class Search {
  readonly #random: Random;
  readonly #testCount: number;
  readonly #nodes: Node[] = [];
  readonly #tried = new Set<string>();
  /** Of lines whose edits hung: true of all variants, since no edit adds a line. */
  readonly #hangs = new Map<number, number>();
  #best: Variant;

  constructor(source: string, tests: TestRun, testCount: number, random: Random) {
    this.#random = random;
    this.#testCount = testCount;
    this.#best = { source, tests, edits: [] };
    this.#keep(this.#best);
  }

  /** The variant that passes the most tests; of several, the first. */
  get best(): Variant {
    return this.#best;
  }

  get isSolved(): boolean {
    return this.#best.tests.passed.length === this.#testCount;
  }

  /** Edits that have not been tried. */
  get left(): number {
    return this.#nodes.reduce((sum, { untried }) => sum + untried.length, 0);
  }

  /** Draws the next candidate; nothing when all were tried. */
  next(): Candidate | undefined {
    const node = this.#draw(this.#nodes, (each) => this.#weightOf(each));
    if (node === undefined) return undefined;
    const edit = this.#draw(
      node.untried,
      ({ kind, line }) => WEIGHTS[kind] * (node.lines.get(line) ?? 1) * (this.#hangs.get(line) ?? 1),
    );
    if (edit === undefined) return undefined;
    node.untried.splice(node.untried.indexOf(edit), 1);
    const program = apply(node.source, edit);
    if (this.#tried.has(program)) return this.next();
    this.#tried.add(program);
    return { from: node, edit, program };
  }

  /** Learns from what the tests said to a candidate; returns whether it was kept. */
  learn({ from, edit, program }: Candidate, tests: TestRun): boolean {
    const node = this.#nodes.find(({ source }) => source === from.source);
    if (node === undefined) return false;
    node.attempts += 1;
    const was = new Set(from.tests.passed);
    const gained = tests.passed.some((name) => !was.has(name));
    const isSame = !gained && tests.passed.length === was.size;
    // One that repairs a test is close to the fault, even when it breaks another.
    if (tests.hung) this.#hangs.set(edit.line, (this.#hangs.get(edit.line) ?? 1) * HUNG);
    const factor = gained ? OTHER_TESTS : isSame ? SAME_TESTS : ONLY_WORSE;
    node.lines.set(edit.line, (node.lines.get(edit.line) ?? 1) * factor);
    if (tests.hung || tests.passed.length <= was.size) return false;
    const variant = { source: program, tests, edits: [...from.edits, `line ${edit.line}: ${edit.says}`] };
    this.#keep(variant);
    if (tests.passed.length > this.#best.tests.passed.length) this.#best = variant;
    return true;
  }

  #keep(variant: Variant): void {
    this.#tried.add(variant.source);
    this.#nodes.push({
      ...variant,
      untried: edits(variant.source),
      lines: new Map(variant.tests.lines.map((line) => [line, IN_STACK])),
      attempts: 0,
    });
  }

  #weightOf({ untried, tests, attempts, edits: done }: Node): number {
    if (untried.length === 0) return 0;
    const share = tests.passed.length / this.#testCount;
    return Math.exp(PASSED_COUNTS * share) * TRIED_ALREADY ** attempts * FURTHER_AWAY ** done.length;
  }

  #draw<Item>(items: readonly Item[], weightOf: (item: Item) => number): Item | undefined {
    const weights = items.map(weightOf);
    let rest = this.#random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    return items[weights.findIndex((weight) => weight > 0 && (rest -= weight) < 0)];
  }
}
