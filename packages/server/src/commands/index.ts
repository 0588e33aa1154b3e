export { type Call, type Caller, type CallRequest, Commands } from "./commands.ts";
export { type CommandBackend, Backends } from "./backend.ts";
export type { CallerFacts } from "./invocation.ts";
export { CommandError, type CommandErrorOptions, type Fault, type Outcome, toJson } from "./fault.ts";
export { type CommandContext, type CommandOptions, libraryRoute, type ToCommandError } from "./library.ts";
export { keyOfSecret, signatureHeaders } from "./sign.ts";
export type { StandardSchema } from "./standard-schema.ts";
