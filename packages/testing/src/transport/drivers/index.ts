export { ndjsonDriver } from "./ndjson.ts";
export { pollDriver } from "./poll.ts";
export { sseDriver } from "./sse.ts";
export { webSocketDriver } from "./websocket.ts";
