export { serveSse } from "./transport.ts";
