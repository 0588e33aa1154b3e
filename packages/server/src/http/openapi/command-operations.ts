import type { Limits } from "@tidings/protocol";
import { media, schemaRef, text } from "./content.ts";
import { query } from "./parameters.ts";
import { problems } from "./problems.ts";

/** `GET /commands`. */
export function commandListOperation(): object {
  const name = { type: "string", minLength: 1, maxLength: 255 };
  const list = {
    type: "object",
    required: ["commands"],
    properties: {
      commands: {
        type: "array",
        items: {
          type: "object",
          properties: {
            name,
            pattern: {
              ...name,
              description: "Of names: `*` stands for one segment, a last `**` for the rest.",
            },
            description: { type: "string" },
          },
        },
      },
    },
  };
  return {
    operationId: "listCommands",
    tags: ["commands"],
    summary: "List the commands that can be called, and the patterns of those that backends answer.",
    responses: {
      "200": { description: "The commands.", content: { "application/json": media(list) } },
      ...problems("QUERY_INVALID"),
    },
  };
}

/** `POST /commands/{command}`. */
export function commandOperation(limits: Limits): object {
  const longestSeconds = limits.maxCommandTimeoutMs / 1_000;
  const found = problems(
    "COMMAND_NAME_INVALID",
    "COMMAND_UNKNOWN",
    "COMMAND_INPUT_INVALID",
    "COMMAND_TIMEOUT",
    "COMMAND_CANCELLED",
    "COMMAND_FAILED",
    "COMMAND_UNAVAILABLE",
    "TOO_MANY_COMMANDS",
    "QUERY_INVALID",
    "HEADER_INVALID",
    "KEY_INVALID",
    "BODY_INVALID",
    "NOT_ACCEPTABLE",
    "CONTENT_TYPE_UNSUPPORTED",
    "MESSAGE_TOO_LARGE",
    "DRAINING",
  );
  return {
    operationId: "callCommand",
    tags: ["commands"],
    summary: "Call a command.",
    description:
      "The body is the input, JSON, or empty for none. With `Accept: application/x-ndjson` parts of the answer come as " +
      "they are told. A client that closes its connection gives the command up. A command's own faults are problems " +
      "with a `code`, `status` (422 where it says none) and `data` of its own.",
    parameters: [
      {
        name: "command",
        in: "path",
        required: true,
        description: "Segments of `A-Z a-z 0-9 _ ~ -` parted by single dots.",
        schema: { type: "string", minLength: 1, maxLength: 255 },
        example: "evals.stop",
      },
      query(
        "timeout",
        `Seconds to wait for the answer. More than ${longestSeconds} is taken as ${longestSeconds}. Default: the command's own, else ${limits.commandTimeoutMs / 1_000}.`,
        { type: "number", exclusiveMinimum: 0 },
      ),
      query("timeoutMs", "The same in milliseconds, which goes before it.", { type: "integer", minimum: 1 }),
      query("idempotencyKey", "As `Idempotency-Key`, which it goes before.", schemaRef("Key")),
      {
        name: "Idempotency-Key",
        in: "header",
        description:
          "A repeat with the same input within five minutes joins the first call, or gets its answer or own fault.",
        schema: schemaRef("Key"),
      },
    ],
    requestBody: { content: { "application/json": media({}) } },
    responses: {
      "200": {
        description: "The answer; or lines: `progress` with `data` each, then `ok` or `error`.",
        content: { "application/json": media({}), "application/x-ndjson": media(text) },
      },
      "204": { description: "It is done, and has no answer." },
      ...found,
    },
  };
}
