export { fileCursors } from "./node/file-cursors.ts";
export { httpFetch } from "./node/http-fetch.ts";
export type { CursorStore, Fetch, FetchAnswer, FetchRequest } from "./types.ts";
