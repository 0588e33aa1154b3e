import type { HeldMember, Presence } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import { z } from "zod";
import type { Nodes } from "./nodes.ts";

const TOPIC = "presence";
const END = "presence.end";

const named = z.object({ channel: z.string(), member: z.string() });

type Said = [since: string, state: string | null, saidAt: number, isAttended: boolean, leasedAt: number];

const said: z.ZodType<Said> = z.tuple([
  z.string().max(32),
  z.string().nullable(),
  z.number(),
  z.boolean(),
  z.number(),
]);

/** Tells other nodes of this one's members; the answer is for `PresenceOptions.tell`. `presence` is asked for once it is there. */
export function sharePresence(
  nodes: Nodes,
  presence: () => Presence,
): (channel: string, name: string, held: HeldMember | undefined) => void {
  const set = nodes.share(TOPIC, (node, key, value, hasSaid) => {
    // A channel's name has no space in it.
    const at = key.indexOf(" ");
    const read = value === undefined ? undefined : said.safeParse(value).data;
    if (at <= 0 || (value !== undefined && read === undefined)) return;
    presence().hear(node, key.slice(0, at), key.slice(at + 1), read && heldOf(read), hasSaid);
  });
  nodes.on(END, (params) => {
    const { channel, member } = named.parse(params);
    return presence().end(channel, member);
  });
  return (channel, name, held) =>
    set(`${channel} ${name}`, held === undefined ? undefined : JSON.stringify(saidOf(held)));
}

/**
 * Has other nodes end what keeps a member without a connection. Answers whether there was something to end.
 *
 * @throws {TidingsError} `LOG_UNAVAILABLE` where one gave no answer, and none of the others had anything to end
 */
export async function endElsewhere(
  nodes: Nodes,
  channel: string,
  member: string,
  at: readonly string[],
): Promise<boolean> {
  const answers = await nodes.ask(END, { channel, member }, at);
  if (answers.some((answer) => "value" in answer && answer.value === true)) return true;
  const silent = answers.find((answer) => "missing" in answer);
  if (silent === undefined) return false;
  throw new TidingsError(
    "LOG_UNAVAILABLE",
    "the node that holds the member gave no answer; try again, or wait: what a node that is gone holds ends by itself.",
  );
}

function saidOf({ since, state, saidAt, isAttended, leasedAt }: HeldMember): Said {
  return [since, state ?? null, saidAt, isAttended, leasedAt];
}

function heldOf([since, state, saidAt, isAttended, leasedAt]: Said): HeldMember {
  return { since, state: state ?? undefined, saidAt, isAttended, leasedAt };
}
