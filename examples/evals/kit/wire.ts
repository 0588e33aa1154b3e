/** What an evaluation and the platform say to each other: a JSON object a line, out by fd 3 and in by fd 4. */

/** Longest command line, in characters. A longer one is refused unread. */
export const MAX_COMMAND_LENGTH = 65_536;

/** Most checkpoints that one `step` may go. */
export const MAX_STEPS = 10_000;

/** Longest `input` of a person, in characters. */
export const MAX_INPUT_LENGTH = 4_096;

/** Largest state that a checkpoint shows, as JSON, in characters. A larger one is shown by its size alone. */
export const MAX_STATE_LENGTH = 65_536;

export type Severity = "info" | "warning" | "critical";

type Reply =
  | { readonly type: "reply"; readonly id: string; readonly ok: true; readonly data: unknown }
  | { readonly type: "reply"; readonly id: string; readonly ok: false; readonly error: string };

export type EvaluationEvent =
  | { readonly type: "progress"; readonly done: number; readonly total: number; readonly note?: string }
  | { readonly type: "metric"; readonly name: string; readonly step: number; readonly value: number }
  | { readonly type: "artifact"; readonly name: string; readonly path: string; readonly mediaType: string }
  | { readonly type: "alert"; readonly severity: Severity; readonly rule: string; readonly text: string }
  | { readonly type: "result"; readonly data: unknown }
  | { readonly type: "paused"; readonly at: string; readonly state: unknown }
  | { readonly type: "resumed" }
  | Reply;

export type Command =
  | { readonly id: string; readonly type: "pause" | "resume" | "inspect" }
  | { readonly id: string; readonly type: "step"; readonly count: number }
  | { readonly id: string; readonly type: "input"; readonly text: string }
  | { readonly id: string; readonly type: "set"; readonly name: string; readonly value: unknown };

/** A command that cannot be carried out; its message is what the asker is told. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** The command's id; empty when the line had none to answer to. */
  readonly id: string;
  constructor(message: string, id = "") {
    super(message);
    this.id = id;
  }
}

/** Reads one line of fd 4. @throws {RefusedError} when it is no command; its `id` is the line's, if there is one. */
export function parseCommand(line: string): Command {
  if (line.length > MAX_COMMAND_LENGTH) {
    throw new RefusedError(`a command has at most ${MAX_COMMAND_LENGTH} characters`);
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RefusedError("a command is one JSON object on one line; this line is not JSON");
  }
  if (typeof value !== "object" || value === null || !("id" in value) || typeof value.id !== "string") {
    throw new RefusedError('a command is an object with an "id" (a string) and a "type"');
  }
  const fields = value as { readonly id: string } & Readonly<Record<string, unknown>>;
  const { id, type, count = 1, text, name } = fields;
  switch (type) {
    case "pause":
    case "resume":
    case "inspect":
      return { id, type };
    case "step":
      if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > MAX_STEPS) {
        throw new RefusedError(`"count" of a step is a whole number from 1 to ${MAX_STEPS}`, id);
      }
      return { id, type, count };
    case "input":
      if (typeof text !== "string" || text.length > MAX_INPUT_LENGTH) {
        throw new RefusedError(
          `"text" of an input is a string of at most ${MAX_INPUT_LENGTH} characters`,
          id,
        );
      }
      return { id, type, text };
    case "set":
      if (typeof name !== "string" || !("value" in fields)) {
        throw new RefusedError('a set has the "name" of a parameter and its new "value"', id);
      }
      return { id, type, name, value: fields["value"] };
    default:
      throw new RefusedError(
        `"${String(type).slice(0, 40)}" is no command: it is pause, resume, step, inspect, input or set`,
        id,
      );
  }
}
