import type { Transport } from "../core/transport.ts";
import { blockedError } from "../errors.ts";
import { makeTransport } from "./make-transport.ts";

const FRAMES = ["welcome", "ok", "gap", "caught-up", "error", "draining", "presence"];

/**
 * The native `EventSource`, where `fetch` does not stream. It sends no headers, so it has no token; it hides heartbeats, so its
 * silence is not noticed; and nobody is told what is wrong with its URL, so its channels are asked for once there is a connection.
 */
export const eventSource: Transport = makeTransport(
  "event-source",
  ({ url, options, tokens, http }, channels, signal, end, read, tell) => {
    const take = ({ data }: MessageEvent<string>): void =>
      read(data, (frame) => {
        if (frame.type === "welcome") {
          http(`/connections/${frame.connection}`, {
            method: "PATCH",
            headers: { prefer: "handling=lenient" },
            json: { subscribe: [...channels].map(([channel, wanted]) => ({ channel, ...wanted })) },
          }).catch(end);
          frame = { ...frame, heartbeatMs: 0 };
        }
        tell(frame);
      });
    tokens
      .get()
      .then((token) => {
        if (signal.aborted) return;
        if (token) return end(blockedError());
        const source = new EventSource(`${url}/connect`, {
          withCredentials: options.credentials === "include",
        });
        signal.onabort = () => source.close();
        source.onmessage = take;
        for (const type of FRAMES) source.addEventListener(`tidings.${type}`, take);
        // It would come back by itself, but pauses are the link's. It says that it is closed (2) where what answered is no stream.
        source.onerror = () => end(source.readyState > 1 && blockedError());
      })
      // There is no EventSource here, or a token, which it cannot send.
      .catch(() => end(blockedError()));
    return undefined;
  },
);
