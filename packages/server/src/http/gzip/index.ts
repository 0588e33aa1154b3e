export { acceptsGzip } from "./accepts-gzip.ts";
export { deflate } from "./deflate.ts";
export { GzipOutput, type StreamOutput } from "./output.ts";
