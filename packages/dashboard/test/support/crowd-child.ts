// A server in memory with as many channels as its first argument says; it prints its URL once they are there.
import { createTidings } from "tidings";

const count = Number(process.argv[2]);
const tidings = await createTidings({
  log: "memory",
  limits: { maxConnectsPerSecond: 1_000_000, maxConnectionsPerAddress: 1_000_000 },
});
for (let first = 0; first < count; first += 1_000) {
  const some = Array.from({ length: Math.min(1_000, count - first) }, (_, at) => `evals/${first + at}/logs`);
  await Promise.all(some.map((channel) => tidings.publish(channel, { line: channel })));
}
const { url } = await tidings.listen({ port: 0 });
console.log(url);
process.on("disconnect", () => process.exit());
