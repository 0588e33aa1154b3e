import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log, PayloadStore } from "@tidings/core";

/** How a server differs from one by itself: the lab's, and one of several processes. None of it is an option of the library. */
export interface InnerOptions {
  /** What the lab's page connects to. */
  readonly labSources?: readonly string[];
  /** The log of another process, in place of the one that the options name. */
  readonly log?: Log;
  /** Lets other processes use the log that the options name; answers it as this one is to use it. */
  readonly share?: (log: Log) => Log;
  /** Where payloads go that are too large to travel inline, in place of this process's own artifacts. */
  readonly payloads?: PayloadStore;
  /** Hands a request to another process that has what it asks for, and says whether it did. */
  readonly passOn?: (req: IncomingMessage, res: ServerResponse, path: string) => boolean;
  /** What figures are labelled with. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What `/metrics` shows: the figures of all processes. */
  readonly allMetrics?: () => Promise<string>;
}
