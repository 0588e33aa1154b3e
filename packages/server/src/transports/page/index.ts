export { channelPageHeaders, renderChannelPage } from "./render.ts";
export { servePage } from "./serve.ts";
