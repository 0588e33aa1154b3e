import { TidingsError } from "../errors.ts";
import type { ChannelSchema, Schema, SchemaResult } from "../types.ts";

/** Answers the payload as the event's schema has it; with a promise only where the schema answers with one. */
export type Check = (event: string, data: unknown) => unknown;

/**
 * An event that a record of schemas does not name is let through as it is.
 *
 * @throws {TidingsError} what is answered throws, or rejects with, `PAYLOAD_INVALID`, its `data` the `issues`
 */
export const checker =
  (schema: ChannelSchema): Check =>
  (event, data) => {
    const own = "~standard" in schema ? schema : Object.hasOwn(schema, event) && schema[event];
    if (!own) return data;
    const fail = (cause: unknown, issues?: unknown): never => {
      throw new TidingsError("PAYLOAD_INVALID", `"${event}" is not what its schema says.`, {
        cause,
        data: { issues },
      });
    };
    const settle = (result: SchemaResult<unknown>): unknown =>
      result.issues ? fail(undefined, result.issues) : result.value;
    let result;
    try {
      result = (own as Schema)["~standard"].validate(data);
    } catch (cause) {
      return fail(cause);
    }
    return result instanceof Promise ? result.then(settle, fail) : settle(result);
  };
