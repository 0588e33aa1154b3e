import type { Message } from "../../src/types.ts";
import { offsetOf } from "./record.ts";

/** What a reader knows of a keyed channel: the newest value of each key. */
export class Table {
  readonly values = new Map<string, unknown>();
  reached = 0;
  repeated = 0;

  message({ cursor, key = "", deleted, data }: Message): string | undefined {
    const offset = offsetOf(cursor);
    if (deleted === true) this.values.delete(key);
    else this.values.set(key, data);
    if (offset > this.reached) {
      this.reached = offset;
      return undefined;
    }
    this.repeated++;
    return `keyed: ${offset} came after ${this.reached}`;
  }

  /** What is another value here than there. */
  compare(truth: ReadonlyMap<string, unknown>): readonly string[] {
    const keys = new Set([...truth.keys(), ...this.values.keys()]);
    return [...keys]
      .filter((key) => this.values.get(key) !== truth.get(key))
      .map(
        (key) => `keyed: ${key} is ${String(this.values.get(key))}, and should be ${String(truth.get(key))}`,
      );
  }
}
