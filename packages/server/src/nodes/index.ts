export { type About, MAX_NODE_NAME } from "./frames.ts";
export { type NodeEvent, Nodes } from "./nodes.ts";
export { shareSubjects, type SubjectsElsewhere } from "./share-subjects.ts";
export { wireOver } from "./wire.ts";
export { endElsewhere, sharePresence } from "./share-presence.ts";
