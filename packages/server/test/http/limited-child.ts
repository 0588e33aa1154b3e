/** Run by `descriptors.test.ts` with few file descriptors: prints its URL, then what it is warned of. */
import { Writable } from "node:stream";
import { pino } from "pino";
import { createTidings } from "../../src/tidings.ts";

const lines = new Writable({
  write(line: Buffer, _encoding, done) {
    process.stdout.write(`${(JSON.parse(line.toString()) as { msg: string }).msg}\n`);
    done();
  },
});
const tidings = await createTidings({ log: "memory", logger: pino({ level: "warn" }, lines) });
const { url } = await tidings.listen({ port: 0 });
process.stdout.write(`${url}\n`);
