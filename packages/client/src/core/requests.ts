import type { Off, State } from "../types.ts";
import type { Line } from "./line.ts";

/** What publishes, commands and presence ask of the link. */
export interface Requests {
  readonly state: State;
  /** Another object for each connection that is live; `undefined` while none is. What it carries, and can be told beside it, is asked by it. */
  readonly connection: Pick<Line, "request" | "patch"> | undefined;
  /** Whether the device says that it has a network. */
  readonly isOnline: boolean;
  /** The application sent something: what `auto` counts. */
  sent(): void;
  /** After any of them has changed. */
  onChange(listener: () => void): Off;
}
