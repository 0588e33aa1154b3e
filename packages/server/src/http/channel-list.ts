import { checkChannel, jsonFault, type Limits, sliceMember, TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { parseExact } from "./exact-json.ts";
import { checkEvents, defaultStart, type JoinRequest, type ReadChannel, readStart } from "./query.ts";
import type { Services } from "./services.ts";

/** What the bodies of `POST /connect` and `PATCH /connections/{id}` have in common. */
export interface ListBody {
  readonly subscribe?: readonly ChannelEntry[] | undefined;
  readonly join?: readonly MemberEntry[] | undefined;
}

export interface PatchBody extends ListBody {
  readonly unsubscribe?: readonly string[] | undefined;
  readonly leave?: readonly string[] | undefined;
  /** As the frame `token`: taken, and without effect where the server has no authentication. */
  readonly token?: string | undefined;
}

interface ChannelEntry {
  readonly channel: string;
  readonly since?: string | undefined;
  readonly last?: number | undefined;
  readonly events?: readonly string[] | undefined;
  readonly gap?: "continue" | "fail" | undefined;
  readonly presence?: boolean | string | undefined;
}

interface MemberEntry {
  readonly channel: string;
  readonly member?: string | undefined;
  readonly state?: unknown;
}

/**
 * Channels that one body may name, where a connection may not have more: those above what it may have are refused one
 * by one, and each takes an `error` of some 200 bytes.
 */
const MAX_LISTED = 10_000;

/** Characters of a reason that are told: it may list whatever was sent. */
const MAX_REASON_LENGTH = 200;

const names = listOf(z.string());

const lists = {
  subscribe: listOf(
    z.strictObject({
      channel: z.string(),
      since: z.string().optional(),
      last: z.int().min(0).optional(),
      events: names.refine((events) => events.length > 0, "it must name an event").optional(),
      gap: z.enum(["continue", "fail"]).optional(),
      presence: z.union([z.boolean(), z.string()]).optional(),
    }),
  ).optional(),
  join: listOf(
    z.strictObject({ channel: z.string(), member: z.string().optional(), state: z.unknown().optional() }),
  ).optional(),
};

export const connectSchema: z.ZodType<ListBody> = z.strictObject(lists);

export const patchSchema: z.ZodType<PatchBody> = z.strictObject({
  ...lists,
  unsubscribe: names.optional(),
  leave: names.optional(),
  token: z.string().optional(),
});

/**
 * A list, looked at up to its first fault. The library's own finds them all: of half a million entries that is more
 * than a second, and more than its stack holds.
 */
function listOf<Entry>(entry: z.ZodType<Entry>): z.ZodType<readonly Entry[]> {
  return z.array(z.unknown()).transform((values, context) => {
    const entries: Entry[] = [];
    for (const [index, value] of values.entries()) {
      const parsed = entry.safeParse(value);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const path = [index, ...(issue?.path ?? [])];
        context.addIssue({ code: "custom", path, message: issue?.message ?? "it is not valid" });
        return z.NEVER;
      }
      entries.push(parsed.data);
    }
    return entries;
  });
}

/** How many channels a body may name of which each can be refused by itself. */
export function mostListed({ maxChannelsPerConnection }: Limits): number {
  return Math.max(MAX_LISTED, maxChannelsPerConnection);
}

/** Refuses one channel beside those that fit. */
export function tooManyError({ maxChannelsPerConnection }: Limits): TidingsError {
  return new TidingsError(
    "TOO_MANY_CHANNELS",
    `a connection reads ${maxChannelsPerConnection} channels at most; open another one.`,
  );
}

/**
 * Reads such a body: JSON in UTF-8 that fits the schema. A state is kept with the digits it has.
 *
 * @param mostChannels entries that `subscribe` may have; `join` as many as a connection may be in
 * @throws {TidingsError} `BODY_INVALID`, and `TOO_MANY_CHANNELS` where a list is longer than that
 */
export function parseLists<Body extends ListBody>(
  schema: z.ZodType<Body>,
  body: Uint8Array,
  { limits }: Pick<Services, "limits">,
  mostChannels: number,
): Body {
  const value = parseJson(body);
  // Before they are looked at: it can be tens of thousands, which take their time.
  for (const [name, most] of [
    ["subscribe", mostChannels],
    ["join", limits.maxChannelsPerConnection],
  ] as const) {
    const list = value?.[name];
    if (!Array.isArray(list) || list.length <= most) continue;
    throw new TidingsError(
      "TOO_MANY_CHANNELS",
      `the body's "${name}" has ${list.length} entries; it may have ${most}. Use several connections.`,
      { field: name },
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new TidingsError(
    "BODY_INVALID",
    `${field === "" ? "the body" : `the body's "${field}"`} is not valid: ${issue?.message.slice(0, MAX_REASON_LENGTH) ?? ""}.`,
    { field },
  );
}

/** @throws {TidingsError} `CHANNEL_NAME_INVALID`, `CURSOR_INVALID`, `EVENT_NAME_INVALID`, `QUERY_INVALID` */
export function readEntry(entry: ChannelEntry, services: Services, isPage: boolean): ReadChannel {
  const { since, last, events = [], gap = "continue", presence = false } = entry;
  const channel = checkChannel(entry.channel);
  return {
    channel,
    start: readStart(since, last, defaultStart(services, channel, isPage)),
    events: checkEvents(events, services.limits),
    onGap: gap,
    presence: presence !== false,
    knownPresence: typeof presence === "string" ? presence : undefined,
  };
}

export function readJoin({ channel, member, state }: MemberEntry): JoinRequest {
  return { channel, member, state: state === undefined ? undefined : JSON.stringify(state) };
}

function parseJson(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    if (!("join" in value)) return { ...value };
    return { ...value, join: parseExact(sliceMember(text, "join") as string) };
  } catch (cause) {
    throw new TidingsError("BODY_INVALID", `the body is not JSON in UTF-8 (${jsonFault(cause)}).`, {}, cause);
  }
}
