import { hasNats, NatsServer } from "@tidings/testing";
import { describe } from "vitest";
import { describeServers, type SharedEngine } from "../describe-servers.ts";
import { api } from "./api.ts";

async function openNats(): Promise<SharedEngine> {
  const nats = await NatsServer.start();
  return {
    log: nats.url,
    kill: () => nats.kill(),
    start: () => nats.start(),
    lose: async () => void (await api(nats, "STREAM.PURGE.tidings")),
    [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose](),
  };
}

describe.runIf(hasNats())("nats-server is installed", () => {
  describeServers("NATS", openNats, { nats: { waitMs: 50 } });
});
