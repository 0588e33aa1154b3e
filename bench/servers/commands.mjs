// A server whose commands are answered by its own code, and by an HTTP backend.
import { createServer } from "node:http";
import { createTidings } from "../../packages/server/dist/index.js";
import { answer } from "../lib/child.mjs";

answer({
  async start() {
    const backend = createServer((req, res) => {
      req.resume();
      req.on("end", () => res.writeHead(200, { "content-type": "application/json" }).end('{"stopped":true}'));
    });
    await new Promise((resolve) => backend.listen(0, "127.0.0.1", () => resolve(undefined)));
    const url = `http://127.0.0.1:${backend.address().port}/`;
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const tidings = await createTidings({ log: "memory", commands: [{ pattern: "backend.*", url, secret }] });
    tidings.command("library.stop", { handler: () => ({ stopped: true }) });
    return (await tidings.listen({ port: 0 })).url;
  },
});
