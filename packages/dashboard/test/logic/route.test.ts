import { expect, test } from "vitest";
import { parseRoute, to } from "../../src/logic/route.ts";

test("each place has a link that leads there", () => {
  expect(parseRoute(to.overview)).toEqual({ page: "overview" });
  expect(parseRoute(to.nodes)).toEqual({ page: "nodes" });
  expect(parseRoute(to.channel("evals/123/logs"))).toEqual({ page: "channel", channel: "evals/123/logs" });
  expect(parseRoute(to.channel("$tidings/stats"))).toEqual({ page: "channel", channel: "$tidings/stats" });
  expect(parseRoute(to.connection("_a-b"))).toEqual({ page: "connection", connection: "_a-b" });
  expect(parseRoute(to.readersOf("a/b"))).toEqual({ page: "connections", search: "", channel: "a/b" });
  expect(parseRoute(to.events("10.0.0.1 & more", "refused"))).toEqual({
    page: "events",
    search: "10.0.0.1 & more",
    kind: "refused",
  });
});

test("what leads nowhere is said, and breaks nothing", () => {
  expect(parseRoute("#/nothing")).toEqual({ page: "nowhere" });
  expect(parseRoute("#/channels/%zz")).toEqual({ page: "channel", channel: "%zz" });
});
