export { Artifacts } from "./artifacts.ts";
export { ArtifactsElsewhere } from "./elsewhere.ts";
export { FolderStore } from "./folder-store.ts";
