export { Artifacts } from "./artifacts.ts";
export { answerNone, ArtifactsElsewhere } from "./elsewhere.ts";
export { FolderStore } from "./folder-store.ts";
