export type { About, EndReason } from "./events.ts";
export { readSkips, type WithMissing } from "./everywhere/index.ts";
export { Insight } from "./insight.ts";
export { CHANNEL_ORDERS, CONNECTION_ORDERS, INSIGHT_POLICIES, isOfNode } from "./names.ts";
export { tellGap } from "./tell-gap.ts";
export { whoIs } from "./who.ts";
