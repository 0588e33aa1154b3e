import { type Connect, openAgent } from "./agent.ts";
import type { Driver } from "./driver.ts";

/** Clients in this process. */
export function nodeDriver(connect: Connect): Driver {
  return {
    open: async (url, options, tell) => openAgent(connect, url, options, tell),
    close: async () => undefined,
  };
}
