import { connect } from "../src/index.ts";
import { describeClient } from "./behaviour/describe-client.ts";
import { nodeDriver } from "./behaviour/node-driver.ts";

describeClient("Node.js", async () => nodeDriver(connect), [
  "sse",
  "ndjson",
  "ws",
  "long-poll",
  "poll",
  "auto",
]);
