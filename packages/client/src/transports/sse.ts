import type { Transport } from "../core/transport.ts";
import { eventLines } from "./event-lines.ts";
import { streamTransport } from "./stream.ts";

/** Server-Sent Events by `fetch`, so that headers go with it. */
export const sse: Transport = streamTransport("sse", "text/event-stream", (frame) =>
  eventLines({
    // Every event's data is a frame that tells its own type.
    event: ({ data }) => frame(data),
    comment: () => frame({ type: "heartbeat" }),
    retry: (reconnectInMs) => frame({ type: "draining", reconnectInMs }),
  }),
);
