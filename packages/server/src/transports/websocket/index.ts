export type { Handshake } from "./session.ts";
export { offersFrames, WebSocketTransport } from "./transport.ts";
