import type { MultiPage, StreamFrame } from "@tidings/protocol";
import type { Context } from "../core/context.ts";
import { TidingsError } from "../errors.ts";

interface Payload {
  readonly data?: unknown;
  readonly preview?: unknown;
  readonly contentType?: string;
  readonly encoding?: string;
}

/**
 * Reads a frame. Only payloads that are JSON are read as the application asked for: the rest is the client's own. `undefined`
 * where the application's parser throws, which is reported: asked for again, the same would come again.
 */
export function readFrame(
  { options: { parse }, report }: Pick<Context, "options" | "report">,
  text: string,
): StreamFrame | undefined {
  const frame = JSON.parse(text) as StreamFrame & Payload;
  if (!parse || (frame.data ?? frame.preview) === undefined || frame.contentType || frame.encoding)
    return frame;
  try {
    const { data, preview } = parse(text) as Payload;
    return { ...frame, data, preview } as StreamFrame;
  } catch (cause) {
    report(new TidingsError("PAYLOAD_INVALID", "`parse` threw.", { cause }));
    return undefined;
  }
}

/** The same for a page of several channels. */
export function readPage(context: Pick<Context, "options" | "report">, text: string): MultiPage {
  const page = JSON.parse(text) as MultiPage;
  const { parse } = context.options;
  if (parse === undefined) return page;
  let whole: readonly unknown[] | undefined;
  try {
    whole = (parse(text) as MultiPage).messages;
  } catch {
    // One of them is the reason, and the others come.
  }
  const messages = page.messages.flatMap((message, at) => {
    const own = whole === undefined ? context : { ...context, options: { parse: () => whole[at] } };
    return (readFrame(own, JSON.stringify(message)) as typeof message | undefined) ?? [];
  });
  return { ...page, messages };
}
