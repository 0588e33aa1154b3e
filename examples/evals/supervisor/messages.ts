import * as v from "valibot";
import { LIMITS } from "../shared/limits.ts";

/** Bytes of one message either way; an answer with a state is the largest. */
export const MAX_MESSAGE_BYTES = 1_048_576;

const by = v.pipe(v.string(), v.maxLength(LIMITS.maxNameChars));
const parameter = v.union([v.string(), v.number(), v.boolean()]);

/** What a server asks of a supervisor, one a line. */
export const RequestSchema = v.variant("type", [
  v.object({ id: v.string(), type: v.picklist(["pause", "resume", "inspect"]) }),
  v.object({ id: v.string(), type: v.literal("step"), count: v.number() }),
  v.object({ id: v.string(), type: v.literal("input"), text: v.string(), by }),
  v.object({
    id: v.string(),
    type: v.literal("set"),
    name: v.string(),
    value: parameter,
    by,
    change: v.string(),
  }),
  v.object({ id: v.string(), type: v.literal("stop"), detail: v.string() }),
]);
export type Request = v.InferOutput<typeof RequestSchema>;
/** A request without its id, which the connection gives. */
export type Ask = Request extends infer Each ? (Each extends Request ? Omit<Each, "id"> : never) : never;

/** What a supervisor tells a server, one a line. */
export type Told =
  /** Bytes of the two files so far: first when a server connects, then as they grow. */
  | { readonly type: "wrote"; readonly log: number; readonly events: number }
  | { readonly type: "answer"; readonly id: string; readonly ok: true; readonly data?: unknown }
  | {
      readonly type: "answer";
      readonly id: string;
      readonly ok: false;
      readonly code: AskFault;
      readonly error: string;
    };

/** `refused`: the evaluation said no. `busy`: it does not read what it is told. `over`: it has ended. */
export type AskFault = "refused" | "busy" | "over";
