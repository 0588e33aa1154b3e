// Streams of channels from one process: it prints how many it holds once all are open. Arguments: the URL, how many.
import { openStream } from "./raw-reader.ts";

const [, , url = "", count = "0"] = process.argv;
/** As many are opened at a time. */
const AT_ONCE = 200;
for (let first = 0; first < Number(count); first += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, Number(count) - first) }, (_, at) =>
    openStream(url, `evals/${first + at}/logs`).then((socket) => socket.resume()),
  );
  await Promise.all(some);
}
console.log(count);
process.on("disconnect", () => process.exit());
