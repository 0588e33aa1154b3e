import { type Hub, type Log, Reader, type ReaderSink } from "@tidings/core";
import { LineDecoder, type MessageObject, ndjsonFormat } from "@tidings/protocol";

/** A pause before a channel is listened to anew that could not be, in milliseconds. */
const AGAIN_MS = 500;

/** How nodes reach each other. */
export interface Wire {
  /** Has all who listen now hear it, in the order in which it was sent; rejects where it may not have come through. */
  readonly send: (channel: string, json: string) => Promise<void>;
  /** `isLive` is called when it begins to hear, and `hear` for what comes. The answer ends it. */
  readonly listen: (channel: string, isLive: () => void, hear: (data: unknown) => void) => () => void;
}

/**
 * Over the log that nodes share: what they say is ephemeral there, and they are readers as any other. What is lost on
 * the way is theirs to notice.
 */
export function wireOver(log: Log, hub: Hub): Wire {
  return {
    send: (channel, json) =>
      log.broadcast(channel, [{ event: "node", kind: "json", data: Buffer.from(json) }]),
    listen: (channel, isLive, hear) => listen(hub, channel, isLive, hear),
  };
}

function listen(hub: Hub, channel: string, isLive: () => void, hear: (data: unknown) => void): () => void {
  let reader: Reader | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const begin = (): void => {
    const lines = new LineDecoder((line) => hear((JSON.parse(line) as MessageObject).data));
    const sink: ReaderSink = {
      isBlocked: false,
      opened: () => undefined,
      gap: () => undefined,
      batch: (_, { bytes }) => lines.push(bytes),
      caughtUp: isLive,
      fellBehind: () => void drive(),
      failed: () => {
        if (isOver) return;
        timer = setTimeout(begin, AGAIN_MS);
        timer.unref();
      },
    };
    const limits = { maxMessages: 1_000, maxBytes: 1_048_576 };
    const started = new Reader(hub, { channel, start: { at: "latest" }, format: ndjsonFormat, limits }, sink);
    reader = started;
    const drive = async (): Promise<void> => {
      while (started.state === "catching-up") await started.step();
    };
    void drive();
  };
  begin();
  return () => {
    isOver = true;
    clearTimeout(timer);
    reader?.stop();
  };
}
