import { setFlagsFromString } from "node:v8";
import { LIMITS } from "../shared/limits.ts";
import type { Rule } from "../shared/manifest.ts";

// A line is the evaluation's to choose, so no pattern may take longer than the line is long (ReDoS). V8's engine for
// that refuses what it cannot do in linear time (flag `l`), which is how patterns are checked; it is 40 times slower
// than the usual one, so that is what runs, and hands over after 50,000 steps back. Both flags are V8's own, and off
// by default.
setFlagsFromString("--enable-experimental-regexp-engine");
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");

const LINEAR = "l";

/** What is wrong with a rule's pattern; `undefined` where nothing is. */
export function faultOfPattern(pattern: string): string | undefined {
  try {
    // Lets lookarounds and back references through to nobody: they take no bounded time.
    void new RegExp(pattern, LINEAR);
    return undefined;
  } catch (error) {
    return `${(error as Error).message}; lookarounds and back references are not for rules`;
  }
}

export interface Match {
  readonly rule: Rule;
  /** Its place among the rules. */
  readonly index: number;
}

/** A manifest's rules, ready to run. */
export class Rules {
  readonly #rules: readonly { readonly rule: Rule; readonly pattern: RegExp }[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({ rule, pattern: new RegExp(rule.pattern) }));
  }

  get size(): number {
    return this.#rules.length;
  }

  /** The rules that a log line's text meets; only its first 2,000 characters are looked at. */
  match(text: string): readonly Match[] {
    const part = text.slice(0, LIMITS.maxRuleLineChars);
    return this.#rules.flatMap(({ rule, pattern }, index) => (pattern.test(part) ? [{ rule, index }] : []));
  }
}
