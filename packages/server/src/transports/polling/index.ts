export { servePoll } from "./transport.ts";
