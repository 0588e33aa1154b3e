import type { StreamFrame } from "@tidings/protocol";
import { parseExact } from "../api.ts";
import type { SourceFrame } from "./source.ts";

/** A frame of the server as text, as a source gives it on. One of a type that is not known shows only that it is alive. */
export function readFrame(text: string): SourceFrame {
  return toSourceFrame(parseExact(text) as StreamFrame);
}

function toSourceFrame(frame: StreamFrame): SourceFrame {
  switch (frame.type) {
    case "message":
    case "gap":
    case "caught-up":
    case "draining":
    case "error":
      return frame;
    case "ok":
      if (frame.channel === undefined || frame.cursor === undefined) return { type: "alive" };
      return { type: "position", cursors: { [frame.channel]: frame.cursor } };
    default:
      return { type: "alive" };
  }
}
