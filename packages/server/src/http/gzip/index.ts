export { acceptsGzip } from "./accepts-gzip.ts";
export { deflate } from "./deflate.ts";
export { GzipStream } from "./stream.ts";
