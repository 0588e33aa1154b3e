import { type Batch, type Cursor, formatCursor } from "@tidings/protocol";
import { type Gap, type Hub, Reader, type ReaderOptions, type ReaderSink } from "../../src/index.ts";
import { CountingFormat, PAGE, text } from "./fixtures.ts";

export type Call = "opened" | "batch" | "gap" | "caughtUp" | "fellBehind" | "failed";

/** A sink that writes down what it is told, one line a call, and drives its readers while it has room. */
export class RecordingSink implements ReaderSink {
  readonly told: string[] = [];
  readonly errors: unknown[] = [];
  /** Calls of `batch`. */
  batches = 0;
  isBlocked = false;
  /** Whether readers that fall behind, or have begun, are taken on by the sink itself. */
  drives = true;
  /** Called first in every call. */
  before: (call: Call, reader: Reader) => void = () => undefined;
  readonly #behind = new Set<Reader>();
  #isDriving = false;

  opened(reader: Reader, cursor: Cursor): void {
    this.before("opened", reader);
    this.told.push(`opened ${formatCursor(cursor)}`);
  }

  batch(reader: Reader, batch: Batch): void {
    this.before("batch", reader);
    this.batches++;
    this.told.push(text(batch.bytes));
  }

  gap(reader: Reader, { reason, from, to, missed }: Gap): void {
    this.before("gap", reader);
    this.told.push(
      `gap ${reason} ${formatCursor(from)} to ${formatCursor(to)}, ${missed ?? "unknown"} missed`,
    );
  }

  caughtUp(reader: Reader): void {
    this.before("caughtUp", reader);
    this.told.push(`caught up at ${formatCursor(reader.cursor as Cursor)}`);
  }

  fellBehind(reader: Reader): void {
    this.before("fellBehind", reader);
    this.told.push("fell behind");
    this.drive(reader);
  }

  failed(reader: Reader, error: unknown): void {
    this.before("failed", reader);
    this.told.push(`failed: ${(error as { code?: string }).code ?? (error as Error).message}`);
    this.errors.push(error);
  }

  drive(reader: Reader): void {
    this.#behind.add(reader);
    if (this.drives) void this.resume();
  }

  /** Has room again. */
  async resume(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    for (const reader of this.#behind) {
      while (reader.state === "catching-up" && !this.isBlocked) await reader.step();
      if (reader.state !== "catching-up") this.#behind.delete(reader);
    }
    this.#isDriving = false;
  }
}

/** A reader that begins at once. */
export function startReader(
  hub: Hub,
  options: Partial<ReaderOptions> = {},
  sink: RecordingSink = new RecordingSink(),
): { readonly reader: Reader; readonly sink: RecordingSink; readonly told: string[] } {
  const reader = new Reader(
    hub,
    { channel: "c", start: { at: "latest" }, format: new CountingFormat(), limits: PAGE, ...options },
    sink,
  );
  sink.drive(reader);
  return { reader, sink, told: sink.told };
}
