import type { Transport } from "../core/transport.ts";
import { eventLines } from "./event-lines.ts";
import { streamTransport } from "./stream.ts";

/** Server-Sent Events by `fetch`, so that headers go with it. */
export const sse: Transport = streamTransport("sse", "text/event-stream", eventLines);
