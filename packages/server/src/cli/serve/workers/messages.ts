import type { LoadedConfig } from "../../../config/index.ts";

/** What the primary tells a worker. */
export type ToWorker =
  | {
      readonly type: "start";
      /** From 1 on; one that takes another's place has its number. */
      readonly worker: number;
      /** As the primary loaded it: a file that was changed since must not make two servers of one. */
      readonly loaded: LoadedConfig;
      readonly folder: string;
    }
  /** With the socket. */
  | { readonly type: "connection" }
  | { readonly type: "stop" };

/** What a worker tells the primary. */
export type FromWorker =
  /** Connections can be handed to it. */
  | { readonly type: "ready" }
  /** It has the connection that was handed to it. */
  | { readonly type: "taken" }
  /** So many of its connections have closed since it last said so. */
  | { readonly type: "closed"; readonly count: number }
  /** It was told to stop, by whomever: it takes no more. */
  | { readonly type: "stopping" }
  /** It ends with this, and says no more. */
  | { readonly type: "failed"; readonly message: string; readonly exitCode: number };

/** The descriptor of the socket between the two, which only they have: 3 is the channel of these messages. */
export const PEER_FD = 4;
