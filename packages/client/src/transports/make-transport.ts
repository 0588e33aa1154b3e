import type { StreamFrame } from "@tidings/protocol";
import type { Context } from "../core/context.ts";
import type { Connection, Transport, Wanted } from "../core/transport.ts";
import { lostError, TidingsError } from "../errors.ts";
import type { TransportName } from "../types.ts";

interface Payload {
  readonly data?: unknown;
  readonly preview?: unknown;
  readonly contentType?: string;
  readonly encoding?: string;
}

/** What all transports have in common: a connection ends once, and tells nothing after that. */
export const makeTransport = (
  name: TransportName,
  /**
   * @param signal aborted once it is over, whoever ended it
   * @param end it is over, for this reason
   * @param read has a frame taken as it travelled: told, unless `take` says otherwise
   */
  begin: (
    context: Context,
    channels: ReadonlyMap<string, Wanted>,
    signal: AbortSignal,
    end: (cause?: unknown) => void,
    read: (text: string, take?: (frame: StreamFrame) => void) => void,
    tell: (frame: StreamFrame) => void,
  ) => Omit<Connection, "close"> | undefined,
  isDuplex = false,
): Transport => ({
  name,
  isDuplex,
  open(context, channels, tell, ended) {
    const {
      options: { parse },
      report,
    } = context;
    const stop = new AbortController();
    const { signal } = stop;
    const close = (): void => stop.abort();
    const end = (cause?: unknown): void => {
      if (signal.aborted) return;
      close();
      ended(lostError(cause));
    };
    const read = (text: string, take = tell): void => {
      if (signal.aborted) return;
      let frame = JSON.parse(text) as StreamFrame & Payload;
      // Only payloads that are JSON are read as the application asked for: the rest is the client's own.
      if (parse && (frame.data ?? frame.preview) !== undefined && !frame.contentType && !frame.encoding) {
        try {
          const { data, preview } = parse(text) as Payload;
          frame = { ...frame, data, preview } as typeof frame;
        } catch (cause) {
          // Asked for again, the same would come again.
          return report(new TidingsError("PAYLOAD_INVALID", "`parse` threw.", { cause }));
        }
      }
      take(frame);
    };
    return { close, ...begin(context, channels, signal, end, read, tell) };
  },
});
