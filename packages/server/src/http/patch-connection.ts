import type { IncomingMessage, ServerResponse } from "node:http";
import { checkChannel, formatCursor, quote, sliceMember, TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { readBody } from "./body.ts";
import { parseExact } from "./exact-json.ts";
import { sendJson } from "./problem.ts";
import { checkEvents, checkPosition, defaultStart, readStart } from "./query.ts";
import type { Services } from "./services.ts";

const MAX_PATCH_BYTES = 262_144;

const patchSchema = z.strictObject({
  subscribe: z
    .array(
      z.strictObject({
        channel: z.string(),
        since: z.string().optional(),
        last: z.int().min(0).optional(),
        events: z.array(z.string()).min(1).optional(),
        gap: z.enum(["continue", "fail"]).optional(),
        presence: z.boolean().optional(),
      }),
    )
    .optional(),
  unsubscribe: z.array(z.string()).optional(),
  join: z
    .array(
      z.strictObject({ channel: z.string(), member: z.string().optional(), state: z.unknown().optional() }),
    )
    .optional(),
  leave: z.array(z.string()).optional(),
});

/**
 * `PATCH /connections/{id}`: adds and removes channels of a live connection. First those that go, then those that
 * come; what cannot be done is a problem, and what was done before it stays done.
 */
export async function servePatch(
  services: Services,
  req: IncomingMessage,
  res: ServerResponse,
  id: string,
): Promise<void> {
  const patch = parsePatch(await readBody(req, MAX_PATCH_BYTES, "BATCH_TOO_LARGE"));
  // Looked for once the body is there: it may end while the body comes.
  const entry = services.connections.get(id);
  const connection = entry?.connection;
  if (connection === undefined) {
    throw new TidingsError(
      "CONNECTION_UNKNOWN",
      `no connection ${quote(id)} of /connect or a WebSocket is open on this node; connect again.`,
    );
  }
  const subscribe = (patch.subscribe ?? []).map(
    ({ channel, since, last, events = [], gap = "continue", presence }) => ({
      channel: checkChannel(channel),
      start: readStart(since, last, defaultStart(services, checkChannel(channel), false)),
      events: checkEvents(events, services.limits),
      onGap: gap,
      presence,
    }),
  );
  if (entry?.transport === "sse") {
    const gone = new Set(patch.unsubscribe);
    const kept = connection.channels.filter((channel) => !gone.has(channel));
    checkPosition([...kept, ...subscribe.map(({ channel }) => channel)], services);
  }
  for (const channel of patch.unsubscribe ?? []) {
    if (connection.unsubscribe(channel) === undefined) {
      throw new TidingsError("NOT_SUBSCRIBED", `the connection does not read channel ${quote(channel)}.`);
    }
  }
  for (const channel of patch.leave ?? []) connection.attendance.leave(channel);
  const members = (patch.join ?? []).map(({ channel, member, state }) => [
    channel,
    connection.attendance.join(channel, member, state === undefined ? undefined : JSON.stringify(state)),
  ]);
  const opened = await Promise.all(subscribe.map(async (each) => connection.subscribe(each)));
  const cursors = opened.map((cursor, index) => [subscribe[index]?.channel, formatCursor(cursor)]);
  sendJson(res, 200, {
    channels: Object.fromEntries(cursors) as object,
    ...(members.length === 0 ? {} : { members: Object.fromEntries(members) as object }),
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsePatch(body: Buffer): z.infer<typeof patchSchema> {
  let value: unknown;
  try {
    const text = body.toString();
    value = JSON.parse(text);
    // A state is passed on with the digits it has.
    if (isObject(value) && "join" in value)
      value = { ...value, join: parseExact(sliceMember(text, "join") as string) };
  } catch (cause) {
    throw new TidingsError("BODY_INVALID", `the body is not JSON (${(cause as Error).message}).`, {}, cause);
  }
  const parsed = patchSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new TidingsError("BODY_INVALID", `the body's "${field}" is not valid: ${issue?.message ?? ""}.`, {
    field,
  });
}
