// An app with Tidings mounted in it, and a page that uses the client: `node examples/02-page/server.mjs [port]`
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createTidings } from "tidings";

const page = new URL("index.html", import.meta.url);
// All of the client as one file, as a CDN would serve it.
const client = new URL("bundle/tidings.min.js", import.meta.resolve("@tidings/client/package.json"));

const tidings = await createTidings({ log: "memory", basePath: "/push" });
const server = createServer((req, res) => {
  tidings.handler(req, res, () => {
    const [file, type] = req.url === "/client.js" ? [client, "text/javascript"] : [page, "text/html"];
    res.setHeader("Content-Type", `${type}; charset=utf-8`);
    createReadStream(file).pipe(res);
  });
});
tidings.attach(server); // WebSockets
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  console.log(`open http://127.0.0.1:${server.address().port}`);
});
