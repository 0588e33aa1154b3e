import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Bench } from "../case.ts";
import { dataOf, take } from "../collect.ts";
import { publish } from "../publish.ts";
import { send } from "../send.ts";

/** Commands beside a reader: what the transport cannot carry itself, `POST /commands/{name}` does. */
export function commands(bench: Bench): void {
  test("a command is answered while a reader reads, and what it publishes reaches that reader", async () => {
    const channel = bench.channel();
    let base = "";
    const backend = createServer((_req, res) => {
      void publish(base, channel, '"by the command"').then(({ cursor }) =>
        res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ cursor })),
      );
    });
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/`;
    try {
      await using server = await bench.log.open({ commands: [{ pattern: "say.*", url }] });
      base = server.url;
      await using stream = await bench.open(base, { channel, since: "earliest" });
      await bench.caughtUp(stream, channel);
      const answer = await send(`${base}/commands/say.it`, { method: "POST" });
      expect(answer.status).toBe(200);
      const [said] = await take(stream, 1);
      expect(dataOf([said].filter((each) => each !== undefined))).toEqual(['"by the command"']);
      expect(stream.cursors.get(channel)).toBe((answer.json() as { cursor: string }).cursor);
    } finally {
      backend.closeAllConnections();
      backend.close();
    }
  });

  test("a command that is not there is a clear answer", async () => {
    const { url } = await bench.server();
    const answer = await send(`${url}/commands/no.such`, { method: "POST" });
    expect([answer.status, (answer.json() as { code: string }).code]).toEqual([404, "COMMAND_UNKNOWN"]);
  });
}
