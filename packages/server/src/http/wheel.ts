/** How many parts a period is cut into: each part's members are called together. */
const SLOTS = 16;

/**
 * Calls every member once a period, spread evenly over it by a single timer: ten thousand heartbeats then neither
 * cost ten thousand timers nor come all at once.
 */
export class Wheel<Member> {
  readonly #slots: readonly Set<Member>[] = Array.from({ length: SLOTS }, () => new Set<Member>());
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #next = 0;

  /** `call` MUST NOT throw. `periodMs` is one whole turn. */
  constructor(periodMs: number, call: (member: Member) => void) {
    this.#timer = setInterval(
      () => {
        this.#turn = (this.#turn + 1) % SLOTS;
        for (const member of this.#slots[this.#turn] as Set<Member>) call(member);
      },
      Math.max(1, periodMs / SLOTS),
    );
    this.#timer.unref();
  }

  add(member: Member): void {
    // In turn, so that many that come at once are spread all the same.
    this.#next = (this.#next + 1) % SLOTS;
    (this.#slots[this.#next] as Set<Member>).add(member);
  }

  delete(member: Member): void {
    // Looked for: a Map that knows would cost each of them more memory than this costs time.
    for (const slot of this.#slots) if (slot.delete(member)) return;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
