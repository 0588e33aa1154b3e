import { createTidings } from "../../src/tidings.ts";

// A server of its own process, to be killed: its folder and port come as arguments, its URL goes out as a line.
const [data = "", port = "0"] = process.argv.slice(2);
const tidings = await createTidings({ log: "lmdb", data });
const { url } = await tidings.listen({ port: Number(port) });
process.stdout.write(`${url}\n`);
