import { LineDecoder, parseServerFrame } from "@tidings/protocol";
import type { TransportDriver } from "../types.ts";
import { eventOf } from "./frame-events.ts";
import { readUrl } from "./read-url.ts";
import { openStream } from "./response-stream.ts";

/** NDJSON, as curl reads it: the client goes on with the last cursor that it saw. */
export function ndjsonDriver({ isMulti }: { readonly isMulti: boolean }): TransportDriver {
  return {
    name: isMulti ? "ndjson on /connect" : "ndjson",
    isMulti,
    isStream: true,
    isHeld: true,
    tellsKind: true,
    open: async (base, options) =>
      openStream(
        {
          accept: "application/x-ndjson",
          request: (each) => ({ url: readUrl(base, each, isMulti), headers: {} }),
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
