import type { Transport } from "../core/transport.ts";
import { blockedError, type TidingsError } from "../errors.ts";
import { makeTransport } from "./make-transport.ts";

const FRAMES = ["welcome", "ok", "gap", "caught-up", "error", "draining", "presence"];

/**
 * The native `EventSource`, where `fetch` does not stream. It sends no headers, so a ticket stands for its token; it hides heartbeats,
 * so its silence is not noticed; and nobody is told what is wrong with its URL, so its channels are asked for once there is a connection.
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
          }).catch((error: TidingsError) =>
            // Another server of the same log was asked, which does not hold it: the next try may be luckier.
            end(error.status === 404 || error),
          );
          frame = { ...frame, heartbeatMs: 0 };
        }
        tell(frame);
      });
    tokens
      .get()
      // A server that asks nobody has no tickets.
      .then((token) => token && http("/tickets", { method: "POST", signal }).then(ticketOf, withoutTickets))
      .then((query) => {
        if (signal.aborted) return;
        const source = new EventSource(`${url}/connect${query || ""}`, {
          withCredentials: options.credentials === "include",
        });
        signal.onabort = () => source.close();
        source.onmessage = take;
        for (const type of FRAMES) source.addEventListener(`tidings.${type}`, take);
        // It would come back by itself, but pauses are the link's. It says that it is closed (2) where what answered is no stream.
        source.onerror = () => end(source.readyState > 1 && blockedError());
      })
      // There is no EventSource here, or no ticket.
      .catch((error) => end(error.code ? error : blockedError()));
    return undefined;
  },
);

const ticketOf = async (response: Pick<Response, "json">): Promise<string> =>
  `?ticket=${((await response.json()) as { readonly ticket: string }).ticket}`;

const withoutTickets = (error: TidingsError): void => {
  if (error.code !== "NOT_FOUND") throw error;
};
