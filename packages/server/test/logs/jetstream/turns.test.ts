import { hasNats, NatsServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { DistantProxy } from "./distant-proxy.ts";
import { Node, publish, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

const APPENDS = 10;
/** An append asks for its turn with the second race that it loses; what was under way then may win another, or two. */
const MOST_LOST = 4;

describe.runIf(hasNats())(
  "two nodes that write to one channel all the time (nats-server is installed)",
  () => {
    test("the one that is farther from the server gets its turn after few lost races, and so does the nearer one", async () => {
      await using server = await NatsServer.start();
      await using proxy = await DistantProxy.start(server.port, 5);
      const options = plainOptions(server.url);
      await using near = await Node.open(options);
      await using far = await Node.open({ ...options, url: proxy.url });
      await near.log.follow("a");
      const publisher = publish(near.log, "near ");
      await near.until(({ heard }) => heard.length > 0);
      for (let at = 0; at < APPENDS; at++) {
        await far.log.append("a", [text(`far ${at}`)]);
        // One more than the farther one's own, which may not have been heard yet.
        const before = near.heard.length;
        await near.until(({ heard }) => heard.length > before + 1);
      }
      expect(proxy.lostRaces).toBeLessThanOrEqual(APPENDS * MOST_LOST);
      const acknowledged = await publisher.stop();
      const held = await textsOf(near.log);
      expect(held.filter((each) => each.startsWith("far "))).toEqual(
        Array.from({ length: APPENDS }, (_, at) => `far ${at}`),
      );
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
    });
  },
);
