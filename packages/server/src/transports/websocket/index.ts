export { WebSocketTransport } from "./transport.ts";
