import type { ServerResponse } from "node:http";
import type { PageReader } from "@tidings/core";
import type { OpenConnection } from "../../http/connections.ts";
import type { Services } from "../../http/services.ts";

/** Has a long poll be a connection until its time is over, its client or the server goes; what it answers ends that. */
export function hold(services: Services, res: ServerResponse, page: PageReader, waitMs: number): () => void {
  const entry: OpenConnection = {
    id: services.newId(),
    transport: "long-poll",
    drain: () => page.finish(),
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
