import type { StreamFrame } from "@tidings/protocol";
import { readLines } from "../core/lines.ts";
import type { Transport } from "../core/transport.ts";
import { blockedError, lostError } from "../errors.ts";
import type { TransportName } from "../types.ts";
import { readFrame } from "./read-frame.ts";

/** A transport that is an HTTP answer without an end: `POST /connect`. What goes up later goes beside it. */
export const streamTransport = (
  name: TransportName,
  mediaType: string,
  /** Answers what takes the body's lines, and tells frames as texts or as they are. */
  linesOf: (frame: (frame: string | StreamFrame) => void) => (line: string) => void,
): Transport => ({
  name,
  isDuplex: false,
  open(context, channels, frame, end) {
    const stop = new AbortController();
    const take = linesOf((each) => {
      if (stop.signal.aborted) return;
      const told = typeof each === "string" ? readFrame(context, each) : each;
      if (told) frame(told);
    });
    const run = async (): Promise<never> => {
      const { body, headers } = await context.http("/connect", {
        accept: mediaType,
        json: { subscribe: [...channels].map(([channel, wanted]) => ({ channel, ...wanted })) },
        signal: stop.signal,
        // The link watches the silence, whatever is missing.
        timeoutMs: 0,
      });
      if (!body || !headers.get("content-type")?.startsWith(mediaType)) throw blockedError();
      await readLines(body, take);
      throw lostError();
    };
    run().catch((cause) => {
      if (stop.signal.aborted) return;
      stop.abort();
      end(lostError(cause));
    });
    return { close: () => stop.abort() };
  },
});
