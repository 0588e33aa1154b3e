import { LineDecoder } from "@tidings/protocol";
import { readFrame } from "./frames.ts";
import { pathFor, type Source, type SourceFrame } from "./source.ts";
import { streamBody } from "./stream-body.ts";

/** NDJSON: a frame a line. */
export const ndjsonSource: Source = async function* (request) {
  const frames: SourceFrame[] = [];
  const decoder = new LineDecoder((line) => frames.push(readFrame(line)));
  for await (const chunk of streamBody(
    request.server,
    pathFor(request),
    "application/x-ndjson",
    request.signal,
  )) {
    decoder.push(chunk);
    yield* frames.splice(0);
  }
};
