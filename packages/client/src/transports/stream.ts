import { readLines } from "../core/lines.ts";
import type { Transport } from "../core/transport.ts";
import { blockedError } from "../errors.ts";
import type { TransportName } from "../types.ts";
import { makeTransport } from "./make-transport.ts";

/** A transport that is an HTTP answer without an end: `POST /connect`. What goes up later goes beside it. */
export const streamTransport = (
  name: TransportName,
  accept: string,
  /** Answers what takes the body's lines, and hands frames on as they travelled. */
  linesOf: (read: (text: string) => void) => (line: string) => void,
): Transport =>
  makeTransport(name, (context, channels, signal, end, read) => {
    context
      .http("/connect", {
        accept,
        json: { subscribe: [...channels].map(([channel, wanted]) => ({ channel, ...wanted })) },
        signal,
        // The link watches the silence, whatever is missing.
        timeoutMs: 0,
      })
      .then(({ body, headers }) => {
        if (!body || !headers.get("content-type")?.startsWith(accept)) throw blockedError();
        return readLines(body, linesOf(read));
      })
      .then(end, end);
    return undefined;
  });
