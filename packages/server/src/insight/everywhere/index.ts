export { Everywhere, type EverywhereSources, type WithMissing, withNumbers } from "./everywhere.ts";
export type { ChannelNumbers } from "./numbers.ts";
export { readSkips } from "./pages.ts";
