export { serveNdjson } from "./transport.ts";
