import { TidingsError } from "@tidings/protocol";
import { readError } from "./faults.ts";
import type { Group } from "./group.ts";

/** A call that changes the log: planned with its group, answered once the group is on the disk. */
export interface Job {
  readonly bytes: number;
  /** Works out what it does; anew where the commit is tried again. */
  plan(group: Group): void;
  /** Its group is on the disk. */
  answer(): void;
  reject(error: TidingsError): void;
}

/** One that answers what its plan says. One that cannot be planned fails by itself, once what it was compared with is on the disk. */
export class Call<T> implements Job {
  readonly bytes: number;
  readonly reject: (error: TidingsError) => void;
  readonly #plan: (group: Group) => T;
  readonly #resolve: (answer: T) => void;
  #answer: T | undefined;
  #fault: TidingsError | undefined;

  constructor(
    bytes: number,
    plan: (group: Group) => T,
    resolve: (answer: T) => void,
    reject: (error: TidingsError) => void,
  ) {
    this.bytes = bytes;
    this.#plan = plan;
    this.#resolve = resolve;
    this.reject = reject;
  }

  plan(group: Group): void {
    this.#fault = undefined;
    try {
      this.#answer = this.#plan(group);
    } catch (error) {
      this.#fault = error instanceof TidingsError ? error : readError("", error);
    }
  }

  answer(): void {
    if (this.#fault === undefined) this.#resolve(this.#answer as T);
    else this.reject(this.#fault);
  }
}
