export { serveFrames } from "./frames.ts";
export { servePoll } from "./transport.ts";
