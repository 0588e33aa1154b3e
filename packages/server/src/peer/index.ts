/**
 * The socket between two processes of one server: calls both ways, in frames with their length before them (`frames.ts`).
 * What a room says over it is the room's own affair: the log's is in `logs/remote`, that of artifacts in `artifacts/shared.ts`.
 */
export { encodeTold, Peer } from "./peer.ts";
