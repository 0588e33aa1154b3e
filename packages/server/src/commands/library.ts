import { TidingsError } from "@tidings/protocol";
import type { CallerFacts, Invocation } from "./invocation.ts";
import { CommandError, InputInvalidError, toJson } from "./fault.ts";
import type { Route } from "./registry.ts";
import {
  boundIssues,
  describeIssues,
  type InputOf,
  type OutputOf,
  type StandardSchema,
} from "./standard-schema.ts";

/** What a handler is given beside its input. */
export interface CommandContext {
  readonly name: string;
  /** Aborted at the deadline, when the caller cancels or goes away, and when the server closes. */
  readonly signal: AbortSignal;
  /** When the caller gives up, in milliseconds since 1970. */
  readonly deadlineMs: number;
  readonly caller: CallerFacts;
  readonly idempotencyKey: string | undefined;
  /**
   * Tells the caller a part of the answer ahead of it: anything that has a JSON form. Await it: it resolves once the
   * caller has room for more. What is told to a caller that does not read, above 1 MiB, ends the command.
   */
  readonly progress: (data: unknown) => Promise<void>;
}

/** A command that the embedding code answers. The types of input and answer are those of the schemas. */
export interface CommandOptions<Input extends StandardSchema, Output extends StandardSchema> {
  /** Any Standard Schema (Zod, Valibot, ArkType…); what it refuses is answered `COMMAND_INPUT_INVALID`. Default: any JSON. */
  readonly input?: Input;
  /** What the answer must be; it is a fault of the handler's, `COMMAND_FAILED`, where it is not. Default: any JSON. */
  readonly output?: Output;
  /** Answers with anything that has a JSON form, or nothing; throws a `CommandError` for its caller to see. */
  readonly handler: (
    input: OutputOf<Input>,
    context: CommandContext,
  ) => InputOf<Output> | Promise<InputOf<Output>>;
  /** How long it may take where the caller does not say, in milliseconds. Default `limits.commandTimeoutMs`. */
  readonly timeoutMs?: number;
  /** For `GET /commands`. */
  readonly description?: string;
}

/** What a handler threw as its caller is told it; `undefined` where that is not its caller's to see. */
export type ToCommandError = (error: unknown) => CommandError | undefined;

/** A handler of the library as what answers a command. */
export function libraryRoute<Input extends StandardSchema, Output extends StandardSchema>(
  options: CommandOptions<Input, Output>,
  toCommandError?: ToCommandError,
): Route {
  const { input, output, handler, timeoutMs, description } = options;
  const isChecked = input !== undefined || output !== undefined;
  return {
    timeoutMs,
    description,
    run: (invocation) => {
      const value = parse(invocation.input);
      const rethrow = rethrower(invocation.signal, toCommandError);
      if (isChecked) return runChecked(options, invocation, value, rethrow);
      // No promise of ours on the way where there is nothing to wait for.
      const answer: unknown = hidden(() => handler(value, contextOf(invocation)), rethrow);
      return isThenable(answer) ? Promise.resolve(answer).then(toJson, rethrow) : toJson(answer);
    },
  };
}

async function runChecked<Input extends StandardSchema, Output extends StandardSchema>(
  { input, output, handler }: CommandOptions<Input, Output>,
  invocation: Invocation,
  value: unknown,
  rethrow: Rethrow,
): Promise<string | undefined> {
  const taken = input === undefined ? value : await checkInput(input, invocation.name, value);
  let answer: unknown;
  try {
    answer = await handler(taken, contextOf(invocation));
  } catch (error) {
    return rethrow(error);
  }
  try {
    if (output !== undefined) answer = await checkOutput(output, answer);
  } catch (error) {
    return hide(error);
  }
  return toJson(answer);
}

async function checkInput(schema: StandardSchema, name: string, value: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = boundIssues(result.issues);
  throw new InputInvalidError(
    `the command ${name} does not take this input: ${describeIssues(issues)}`,
    issues,
  );
}

async function checkOutput(schema: StandardSchema, answer: unknown): Promise<unknown> {
  const result = await schema["~standard"].validate(answer);
  if (result.issues === undefined) return result.value;
  throw new Error(
    `the handler's answer is not what its output schema says: ${describeIssues(boundIssues(result.issues))}`,
  );
}

function contextOf({
  name,
  signal,
  deadlineMs,
  caller,
  idempotencyKey,
  progress,
}: Invocation): CommandContext {
  return { name, signal, deadlineMs, caller, idempotencyKey, progress };
}

function parse(input: Uint8Array | undefined): unknown {
  return input === undefined
    ? undefined
    : (JSON.parse(Buffer.from(input.buffer, input.byteOffset, input.length).toString()) as unknown);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

function hidden<T>(run: () => T, rethrow: Rethrow): T {
  try {
    return run();
  } catch (error) {
    return rethrow(error);
  }
}

type Rethrow = (error: unknown) => never;

/** How what a handler threw goes on. */
function rethrower(signal: AbortSignal, toCommandError: ToCommandError | undefined): Rethrow {
  return (error) => {
    // What a run ends with that was told to stop is no fault of its own: not to be remembered as one.
    if (signal.aborted || error instanceof CommandError || toCommandError === undefined) return hide(error);
    let told: unknown;
    try {
      told = toCommandError(error);
    } catch (thrown) {
      throw new AggregateError(
        [thrown, error],
        "toCommandError threw when it was asked what a handler threw",
      );
    }
    if (told instanceof CommandError) throw told;
    return hide(error);
  };
}

/** A fault of Tidings' own that a handler met, publishing for example, is the handler's matter and not its caller's. */
function hide(error: unknown): never {
  if (error instanceof TidingsError)
    throw new Error(`the handler met ${error.code}: ${error.message}`, { cause: error });
  throw error;
}
