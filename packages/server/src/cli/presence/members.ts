import { setTimeout as pause } from "node:timers/promises";
import { ask, readJson, RefusedError, type Server, UnreachableError } from "../api.ts";
import { Backoff } from "../backoff.ts";

/** One member, as `GET /presence/{channel}` lists it. */
export interface ListedMember {
  readonly member: string;
  readonly state?: unknown;
  readonly since: string;
}

export type Change = ListedMember & { readonly change: "joined" | "updated" | "left" };

interface Listed {
  readonly members: ReadonlyMap<string, ListedMember>;
  /** What was listed, for the next question. */
  readonly tag: string;
}

const WAIT_SECONDS = 25;

/** All members, by name; with a `tag`, once they differ from those that it was given for, or a while later. */
export async function readMembers(server: Server, channel: string, tag?: string): Promise<Listed> {
  const members = new Map<string, ListedMember>();
  let first = tag;
  let after: string | undefined;
  do {
    const isFirst = after === undefined;
    const query = new URLSearchParams({
      ...(isFirst && tag !== undefined ? { wait: String(WAIT_SECONDS) } : {}),
      ...(after === undefined ? {} : { after }),
    });
    const headers = isFirst && tag !== undefined ? { "if-none-match": tag } : undefined;
    const response = await ask(server, `/presence/${channel}?${query.toString()}`, headers && { headers });
    if (response.status === 304) return { members, tag: tag ?? "" };
    // The first page's: what changes while the others are read is told by the next answer.
    if (isFirst) first = response.headers.get("etag") ?? "";
    const page = await readJson<{ readonly members: readonly ListedMember[]; readonly next?: string }>(
      server,
      response,
    );
    for (const member of page.members) members.set(member.member, member);
    after = page.next;
  } while (after !== undefined);
  return { members, tag: first ?? "" };
}

/** The members now, and again after each change, without end; a server that is away is asked again. */
export async function* watchMembers(
  server: Server,
  channel: string,
): AsyncGenerator<ReadonlyMap<string, ListedMember>> {
  const backoff = new Backoff();
  let tag: string | undefined;
  for (;;) {
    try {
      const listed = await readMembers(server, channel, tag);
      backoff.reset();
      if (listed.tag !== tag) yield listed.members;
      ({ tag } = listed);
    } catch (error) {
      const passes =
        error instanceof UnreachableError || (error instanceof RefusedError && error.isRetryable);
      // The first answer is not waited for: a wrong address is told at once.
      if (tag === undefined || !passes) throw error;
      await pause(backoff.nextMs());
    }
  }
}

/** What happened between two lists. */
export function* changesOf(
  before: ReadonlyMap<string, ListedMember>,
  now: ReadonlyMap<string, ListedMember>,
): Generator<Change> {
  for (const [name, member] of before) if (!now.has(name)) yield { change: "left", ...member };
  for (const [name, member] of now) {
    const known = before.get(name);
    if (known === undefined) yield { change: "joined", ...member };
    else if (JSON.stringify(known) !== JSON.stringify(member)) yield { change: "updated", ...member };
  }
}
