export { Artifacts } from "./artifacts.ts";
export { FolderStore } from "./folder-store.ts";
