import { parseServerFrame, sliceMember, SseDecoder, type SseEvent, type SseHandler } from "@tidings/protocol";
import type { Delivered, ReadOptions, StreamEvent, TransportDriver } from "../types.ts";
import { eventOf } from "./frame-events.ts";
import { readRequest } from "./read-request.ts";
import { readUrl } from "./read-url.ts";
import { openStream } from "./response-stream.ts";

/** A message object where none was asked for: on a compact channel, whose values say nothing without their key. */
const OBJECT = /^\{"type":"message","channel":/;

type Report = (event: StreamEvent) => void;

export interface SseOptions {
  readonly isMulti: boolean;
  /** One channel: whether the data is the message object (`?envelope`). */
  readonly envelope?: boolean;
  /** Many channels: whether they stand in the body of a POST. */
  readonly isPosted?: boolean;
  readonly isGzip?: boolean;
}

/**
 * Server-Sent Events. On one channel the client resumes exactly as `EventSource` does: the same URL again, and the
 * last id in `Last-Event-ID`. On many it takes the cursors that the messages carry.
 */
export function sseDriver(options: SseOptions): TransportDriver {
  const { isMulti, envelope = false, isPosted = false, isGzip = false } = options;
  const name = isPosted
    ? "sse on /connect by POST"
    : isMulti
      ? "sse on /connect"
      : envelope
        ? "sse with envelopes"
        : "sse";
  return {
    name: isGzip ? `${name}, gzip` : name,
    isMulti,
    isStream: true,
    beginsLive: true,
    isHeld: true,
    tellsKind: isMulti || envelope,
    open: async (base, options) => {
      const extra: Record<string, string> = envelope ? { envelope: "" } : {};
      const [channel = ""] = options.channels;
      return openStream(
        base,
        {
          accept: "text/event-stream",
          isGzip,
          request: (each, isResumed, at) => {
            if (isMulti) return readRequest(at, each, { isMulti, isPosted });
            const url = readUrl(at, options, isMulti, extra);
            return { url, headers: isResumed ? lastEventId(each, channel) : {} };
          },
          decoder: (report, welcome) =>
            new SseDecoder(isMulti ? multi(report, welcome) : single(report, channel, envelope)),
        },
        options,
      );
    },
  };
}

function lastEventId({ cursors }: ReadOptions, channel: string): Record<string, string> {
  const id = cursors?.get(channel);
  return id === undefined ? {} : { "last-event-id": id };
}

function single(report: Report, channel: string, envelope: boolean): SseHandler {
  let isOpened = false;
  let cursor = "";
  const move = (lastEventId: string): void => {
    cursor = lastEventId;
  };
  return {
    position: (lastEventId) => {
      move(lastEventId);
      report(
        isOpened
          ? { type: "position", cursors: new Map([[channel, cursor]]) }
          : { type: "opened", channel, cursor },
      );
      isOpened = true;
    },
    event: ({ event, data, lastEventId }: SseEvent) => {
      // An id that did not move is that of the message before: this one has none, and is not kept.
      const own = lastEventId === cursor ? {} : { cursor: lastEventId };
      move(lastEventId);
      if (event === "tidings.deleted") {
        const { key } = JSON.parse(data) as { key: string };
        return report({ type: "message", channel, event: "message", key, deleted: true, data: "", ...own });
      }
      const told = event.startsWith("tidings.") || envelope || OBJECT.test(data) ? eventOf(data) : undefined;
      if (told !== undefined) report(told);
      else if (!event.startsWith("tidings."))
        report({ type: "message", channel, event, ...payloadIn(data), ...own });
    },
  };
}

/** What stands in `data` is the payload, or where it is. */
function payloadIn(data: string): Pick<Delivered, "data" | "artifact" | "preview"> {
  if (!data.startsWith('{"artifact":{"url":')) return { data };
  const { artifact, preview } = JSON.parse(data) as Required<Pick<Delivered, "artifact" | "preview">>;
  return {
    data: sliceMember(data, "data") ?? "",
    artifact,
    ...(preview === undefined ? {} : { preview }),
  };
}

function multi(report: Report, welcome: (connection: string) => void): SseHandler {
  return {
    event: ({ data }: SseEvent) => {
      const frame = parseServerFrame(data);
      if (frame.type === "welcome") welcome(frame.connection);
      const event = eventOf(data);
      if (event !== undefined) report(event);
    },
  };
}
