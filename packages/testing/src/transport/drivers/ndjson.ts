import { LineDecoder, parseServerFrame } from "@tidings/protocol";
import type { TransportDriver } from "../types.ts";
import { eventOf } from "./frame-events.ts";
import { readRequest } from "./read-request.ts";
import { openStream } from "./response-stream.ts";

export interface NdjsonOptions {
  readonly isMulti: boolean;
  /** Many channels: whether they stand in the body of a POST. */
  readonly isPosted?: boolean;
  readonly isGzip?: boolean;
}

/** NDJSON, as curl reads it: the client goes on with the last cursor that it saw. */
export function ndjsonDriver(way: NdjsonOptions): TransportDriver {
  return {
    name: `ndjson${way.isMulti ? " on /connect" : ""}${way.isPosted === true ? " by POST" : ""}${way.isGzip === true ? ", gzip" : ""}`,
    isMulti: way.isMulti,
    isStream: true,
    beginsLive: true,
    isHeld: true,
    tellsKind: true,
    open: async (base, options) =>
      openStream(
        base,
        {
          accept: "application/x-ndjson",
          isGzip: way.isGzip,
          request: (each, _isResumed, at) => readRequest(at, each, way),
          decoder: (report, welcome) =>
            new LineDecoder((line) => {
              const frame = parseServerFrame(line);
              if (frame.type === "welcome") welcome(frame.connection);
              const event = eventOf(line);
              if (event !== undefined) report(event);
            }),
        },
        options,
      ),
  };
}
