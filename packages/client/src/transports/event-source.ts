import type { Transport } from "../core/transport.ts";
import { blockedError, lostError, type TidingsError } from "../errors.ts";
import { readFrame } from "./read-frame.ts";

const FRAMES = ["welcome", "ok", "gap", "caught-up", "error", "draining", "presence"];

/**
 * The native `EventSource`, where `fetch` does not stream. It sends no headers, so it has no token; it hides heartbeats, so its
 * silence is not noticed; and nobody is told what is wrong with its URL, so its channels are asked for once there is a connection.
 */
export const eventSource: Transport = {
  name: "event-source",
  isDuplex: false,
  open(context, channels, tell, ended) {
    const { url, options, http } = context;
    let source: EventSource | undefined;
    let isGreeted = false;
    let isOver = false;
    const close = (): void => {
      isOver = true;
      source?.close();
    };
    const end = (error: TidingsError): void => {
      if (isOver) return;
      close();
      ended(error);
    };
    const take = ({ data }: MessageEvent<string>): void => {
      const frame = isOver ? undefined : readFrame(context, data);
      if (frame?.type === "welcome") {
        isGreeted = true;
        http(`/connections/${frame.connection}`, {
          method: "PATCH",
          headers: { prefer: "handling=lenient" },
          json: { subscribe: [...channels].map(([channel, wanted]) => ({ channel, ...wanted })) },
        }).catch((cause) => end(lostError(cause)));
        tell({ ...frame, heartbeatMs: 0 });
      } else if (frame) tell(frame);
    };
    queueMicrotask(() => {
      if (isOver) return;
      if (options.token !== undefined || typeof EventSource !== "function")
        return end(blockedError("there is no EventSource here, or a token, which it cannot send."));
      source = new EventSource(`${url}/connect`, { withCredentials: options.credentials === "include" });
      source.onmessage = take;
      for (const type of FRAMES) source.addEventListener(`tidings.${type}`, take);
      // It would come back by itself, but pauses are the link's. It says that it is closed (2) where what answered is no stream.
      source.onerror = () =>
        end(
          isGreeted || source?.readyState !== 2 ? lostError() : blockedError("the EventSource was refused."),
        );
    });
    return { close };
  },
};
