import type { Off, State } from "../types.ts";
import type { Connection } from "./transport.ts";

/** What publishes, commands and presence ask of the link. */
export interface Requests {
  readonly state: State;
  /** A live connection that carries requests; `undefined` where there is none. */
  readonly duplex: Pick<Required<Connection>, "request"> | undefined;
  /** Another object for each connection that is live; `undefined` while none is. */
  readonly connection: object | undefined;
  /** Whether the device says that it has a network. */
  readonly isOnline: boolean;
  /** Changes the live connection beside it (`PATCH /connections/{id}`), in order; `undefined` where it has no id. */
  readonly patch: ((json: object) => Promise<Response>) | undefined;
  /** The application sent something: what `auto` counts. */
  sent(): void;
  /** After any of them has changed. */
  onChange(listener: () => void): Off;
}
