export { serveArtifact } from "./download.ts";
export { serveAppend, serveRemove, serveUpload } from "./upload.ts";
