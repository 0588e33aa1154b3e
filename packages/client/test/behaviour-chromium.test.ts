import { describeInBrowser } from "@tidings/testing/browser";
import { describeClient } from "./behaviour/describe-client.ts";
import { openChromium } from "./browser/chromium-driver.ts";

describeInBrowser("in a real browser", () => {
  describeClient(
    "Chromium",
    async () => (await openChromium()).page(),
    ["sse", "event-source", "ndjson", "ws", "long-poll", "poll", "auto"],
    // Each byte is cut in Node.js, by the same decoders; here it is what the browser makes of it.
    // They have one page for all of them, and a browser beside the server and its tests.
    { concurrency: 24, cutEvery: 24, tuning: { greetingMs: 2_000 } },
  );
});
