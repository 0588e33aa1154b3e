/** How long clients took to be well again, as a table: a line a fault, a column a transport. */
export class Recoveries {
  readonly #columns: readonly string[];
  readonly #lines = new Map<string, Map<string, number>>();

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  /** The longest one counts where there are several. */
  add(fault: string, column: string, ms: number): void {
    const line = this.#lines.get(fault) ?? new Map<string, number>();
    this.#lines.set(fault, line);
    line.set(column, Math.max(ms, line.get(column) ?? 0));
  }

  toString(): string {
    const width = Math.max(...[...this.#lines.keys()].map((name) => name.length), 5);
    const head = `${"fault".padEnd(width)}  ${this.#columns.map((name) => name.padStart(14)).join("")}`;
    const lines = [...this.#lines]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, line]) => {
        const cells = this.#columns.map((column) => {
          const ms = line.get(column);
          return (ms === undefined ? "" : String(Math.round(ms))).padStart(14);
        });
        return `${name.padEnd(width)}  ${cells.join("")}`;
      });
    return [head, ...lines].join("\n");
  }
}
