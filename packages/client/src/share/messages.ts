import type { StreamFrame } from "@tidings/protocol";
import type { Wanted } from "../core/transport.ts";
import type { TransportName } from "../types.ts";

/** What tabs of one origin tell each other: those that follow, and the one that leads and holds the connection. */
export interface TabMessage {
  /** Of one that follows: its name, that of a lock which it holds for as long as it does. Said again and again: each is answered by a `welcome`. */
  readonly tab?: string;
  /** What it reads of these channels from now on, once it was greeted; and by the name "", which no channel has, whether it is held interactive. */
  readonly changes?: ReadonlyMap<string, Wanted | undefined> | undefined;
  /**
   * Of the one that leads: what one turn has brought, each for some of the tabs; without tabs for all. `draining`: it leads from now
   * on, or not any more, or its connection is lost.
   */
  readonly frames?: readonly (readonly [frame: StreamFrame, tabs?: readonly string[]])[] | undefined;
  /** What it reads by. */
  readonly transport?: TransportName | undefined;
}
