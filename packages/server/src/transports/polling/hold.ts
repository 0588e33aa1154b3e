import type { ServerResponse } from "node:http";
import type { PageReader } from "@tidings/core";
import type { TidingsError } from "@tidings/protocol";
import { type Access, whyNarrowed } from "../../auth/index.ts";
import { networkOf } from "../../http/address.ts";
import type { OpenConnection } from "../../http/connections.ts";
import { sendProblem } from "../../http/problem.ts";
import type { ReadQuery } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";

/** Has a long poll be a connection until its time is over, its client or the server goes; what it answers ends that. */
export function hold(
  services: Services,
  res: ServerResponse,
  page: PageReader,
  { waitMs, channels }: Pick<ReadQuery, "waitMs" | "channels">,
  access: Access,
): () => void {
  const end = (error: TidingsError): void => {
    // Nothing that is there by now may go out with it.
    page.cancel();
    services.connections.ends(entry, error.code, error.message);
    release();
    if (!res.headersSent && !res.destroyed) sendProblem(res, error);
  };
  const address = services.addresses.of(res.req);
  const entry: OpenConnection = {
    id: services.newId(),
    transport: "long-poll",
    network: networkOf(address),
    address,
    openedAtMs: Math.round(performance.now()),
    polls: channels.map(({ channel }) => channel),
    get wire() {
      return res.socket ?? undefined;
    },
    access,
    drain: () => page.finish(),
    end,
    narrow: () => {
      const why = whyNarrowed(access, channels);
      if (why !== undefined) end(why);
    },
    destroy: () => res.destroy(),
  };
  services.connections.add(entry);
  const timer = setTimeout(() => page.finish(), waitMs);
  const release = (): void => {
    clearTimeout(timer);
    services.connections.delete(entry);
  };
  // The client went away: whatever comes now is for its next request.
  res.on("close", () => {
    page.cancel();
    release();
  });
  return release;
}
