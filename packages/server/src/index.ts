export type { Policy, Retention } from "@tidings/core";
export {
  type ErrorCode,
  type ErrorDetails,
  type GapFrame,
  type Limits,
  type MessageObject,
  TidingsError,
} from "@tidings/protocol";
export { type ConfigInput, defineConfig, type PolicyInput } from "./config/index.ts";
export type { TidingsOptions } from "./create/options.ts";
export type { Delivery } from "./create/subscription.ts";
export type { Handler } from "./http/handler.ts";
export { createTidings, type PublishOptions, type SubscribeOptions, type Tidings } from "./tidings.ts";
