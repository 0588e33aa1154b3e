import { openSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";
import * as v from "valibot";
import { EVENT_LIMITS, type KeptEvent, type Reply, type RunEvent, RunEventSchema } from "../shared/events.ts";
import { LineSplitter } from "./lines.ts";
import { writeWhole } from "./write-whole.ts";

/** Bytes of `events.ndjson` that come from the evaluation; what comes after is dropped. */
const MAX_EVENTS_BYTES = 67_108_864;
/** Faults of events that are told in the log; more are not. */
const MAX_FAULTS = 100;

type WithoutTime<Event> = Event extends { readonly time: string } ? Omit<Event, "time"> : never;

export interface EventsFileOptions {
  readonly path: string;
  /** The evaluation's folder: an artifact has to be a file in it. */
  readonly work: string;
  readonly onReply: (reply: Reply) => void;
  /** Told of what was dropped, and why. */
  readonly onFault: (text: string) => void;
}

/** `events.ndjson`: what the evaluation says on fd 3, checked, and what its supervisor says of it. */
export class EventsFile {
  readonly #fd: number;
  readonly #options: EventsFileOptions;
  #bytes = 0;
  #faults = 0;
  #batch: string[] = [];
  #batchBytes = 0;
  #isFull = false;

  constructor(options: EventsFileOptions) {
    this.#fd = openSync(options.path, "ax", 0o600);
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes what comes on fd 3. */
  reader(): { push: (chunk: Buffer) => void } {
    let isPassedOver = false;
    const lines = new LineSplitter(EVENT_LIMITS.maxEventBytes, (line, isCut) => {
      if (isCut && !isPassedOver) this.#fault(`an event has more than ${EVENT_LIMITS.maxEventBytes} bytes`);
      else if (!isCut && !isPassedOver && line.length > 0) this.#take(line.toString());
      // The rest of a line that was too long is none of its own.
      isPassedOver = isCut;
    });
    return {
      push: (chunk) => {
        lines.push(chunk);
        this.#flush();
      },
    };
  }

  /** Notes what the supervisor itself has to say. */
  add(event: WithoutTime<KeptEvent>): void {
    this.#keep(event);
    this.#flush();
  }

  #take(line: string): void {
    const event = parse(line);
    if (typeof event === "string") return this.#fault(event);
    if (event.type === "reply") {
      // What came before it is in the file first: who is answered finds it there.
      this.#flush();
      return this.#options.onReply(event);
    }
    if (event.type === "artifact") {
      const fault = faultOfFile(this.#options.work, event.path);
      if (fault !== undefined) return this.#fault(`the artifact "${event.name}" ${fault}`);
    }
    if (this.#bytes + this.#batchBytes + line.length > MAX_EVENTS_BYTES) return this.#full();
    this.#keep(event);
  }

  #keep(event: WithoutTime<KeptEvent>): void {
    const line = `${JSON.stringify({ ...event, time: new Date().toISOString() })}\n`;
    this.#batch.push(line);
    this.#batchBytes += Buffer.byteLength(line);
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const bytes = Buffer.from(this.#batch.join(""));
    this.#batch = [];
    this.#batchBytes = 0;
    writeWhole(this.#fd, bytes);
    this.#bytes += bytes.length;
  }

  #full(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#options.onFault(`events from here on are dropped: all of them may have ${MAX_EVENTS_BYTES} bytes`);
  }

  #fault(text: string): void {
    this.#faults += 1;
    if (this.#faults <= MAX_FAULTS) this.#options.onFault(`an event was dropped: ${text}`);
    if (this.#faults === MAX_FAULTS) this.#options.onFault("further events that are dropped are not told");
  }
}

/** The event, or what is wrong with it. */
function parse(line: string): RunEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `it is not JSON: ${line.slice(0, 100)}`;
  }
  const result = v.safeParse(RunEventSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  return `${v.getDotPath(issue) ?? "it"}: ${issue.message}`;
}

/** Only files of the evaluation's own folder, also by way of links: it might name any of the platform's. */
function faultOfFile(work: string, path: string): string | undefined {
  if (isAbsolute(path)) return "needs a path relative to EVAL_RUN_DIR";
  try {
    const real = realpathSync(join(work, path));
    if (!real.startsWith(realpathSync(work) + sep)) return "is not in EVAL_RUN_DIR";
    return statSync(real).isFile() ? undefined : "is not a file";
  } catch {
    return `has no file "${path}" in EVAL_RUN_DIR`;
  }
}
