import { SseDecoder } from "@tidings/protocol";
import { readFrame } from "./frames.ts";
import { pathFor, positionFrame, type Source, type SourceFrame } from "./source.ts";
import { streamBody } from "./stream-body.ts";

/** Server-Sent Events, with the message object as data (`envelope`), so that text and bytes are told from JSON. */
export const sseSource: Source = async function* (request) {
  const { server, starts, signal } = request;
  const frames: SourceFrame[] = [];
  const decoder = new SseDecoder({
    // Control frames are events named `tidings.<type>`, and their data says the type too.
    event: ({ data }) => frames.push(readFrame(data)),
    position: (id) => frames.push(positionFrame(id, starts)),
    comment: () => frames.push({ type: "alive" }),
  });
  const path = pathFor(request, starts.size === 1 ? { envelope: "true" } : {});
  for await (const chunk of streamBody(server, path, "text/event-stream", signal)) {
    decoder.push(chunk);
    yield* frames.splice(0);
  }
};
