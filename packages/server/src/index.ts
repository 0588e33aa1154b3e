export type { Policy, Retention } from "@tidings/core";
export {
  type ErrorCode,
  type ErrorDetails,
  type GapFrame,
  type Limits,
  type MessageObject,
  TidingsError,
} from "@tidings/protocol";
export {
  type CallerFacts,
  type CommandBackend,
  type CommandContext,
  CommandError,
  type CommandErrorOptions,
  type CommandOptions,
  type StandardSchema,
  type ToCommandError,
} from "./commands/index.ts";
export { type ConfigInput, defineConfig, type PolicyInput } from "./config/index.ts";
export type { TidingsOptions } from "./create/options.ts";
export type { Delivery } from "./create/subscription.ts";
export type { Handler } from "./http/handler.ts";
export type { DeleteOptions, PublishOptions } from "./create/message.ts";
export type { Page, ReadOptions } from "./create/page.ts";
export type { StoredArtifact, StoreOptions } from "./create/store.ts";
export { createTidings, type InvokeOptions, type SubscribeOptions, type Tidings } from "./tidings.ts";
export type {
  Answer as AuthAnswer,
  AuthCallback,
  AuthOptions,
  Ask as AuthAsk,
  JwtKey,
  JwtKeySet,
  JwtPublicKey,
  JwtSecret,
  Question as AuthQuestion,
  SayOptions as AuthHook,
} from "./auth/index.ts";
