import type { Transport } from "../core/transport.ts";
import { streamTransport } from "./stream.ts";

/** A frame a line; heartbeats are frames too. */
export const ndjson: Transport = streamTransport("ndjson", "application/x-ndjson", (take) => (line) => {
  if (line) take(line);
});
