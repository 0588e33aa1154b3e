import { createTidings } from "../../src/tidings.ts";

// A node of its own process, to be killed: where the log is and its options come as arguments, its URL goes out as a line.
const [log = "", options = "{}"] = process.argv.slice(1);
const tidings = await createTidings({
  log: log as `redis://${string}`,
  node: "child",
  ...(JSON.parse(options) as object),
});
const { port } = await tidings.listen({ port: 0 });
process.stdout.write(`${port}\n`);
process.once("SIGTERM", () => void tidings.close());
