import type { IncomingMessage, ServerResponse } from "node:http";
import { checkChannel, formatCursor, quote, TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { readBody } from "./body.ts";
import { sendJson } from "./problem.ts";
import { checkEvents, checkPosition, readStart } from "./query.ts";
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
      }),
    )
    .optional(),
  unsubscribe: z.array(z.string()).optional(),
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
    ({ channel, since, last, events = [], gap = "continue" }) => ({
      channel: checkChannel(channel),
      start: readStart(since, last, false),
      events: checkEvents(events, services.limits),
      onGap: gap,
    }),
  );
  if (entry?.transport === "sse") {
    const gone = new Set(patch.unsubscribe);
    const kept = connection.channels.filter((channel) => !gone.has(channel));
    checkPosition([...kept, ...subscribe.map(({ channel }) => channel)], services.limits.maxPositionBytes);
  }
  for (const channel of patch.unsubscribe ?? []) {
    if (connection.unsubscribe(channel) === undefined) {
      throw new TidingsError("NOT_SUBSCRIBED", `the connection does not read channel ${quote(channel)}.`);
    }
  }
  const opened = await Promise.all(subscribe.map(async (each) => connection.subscribe(each)));
  const cursors = opened.map((cursor, index) => [subscribe[index]?.channel, formatCursor(cursor)]);
  sendJson(res, 200, { channels: Object.fromEntries(cursors) as object });
}

function parsePatch(body: Buffer): z.infer<typeof patchSchema> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
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
