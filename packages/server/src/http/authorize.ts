import { type Right, RIGHTS } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import { type Access, isSomebody, unauthenticated } from "../auth/index.ts";
import type { ReadQuery, Refused } from "./query.ts";
import type { Services } from "./services.ts";

/**
 * Who may ask for a route. `anyone`: nobody is asked who they are. `known`: whoever shows a credential. `server`: an
 * administrator of the whole server. A right: whoever has it for the channel or command in the URL. `parts`: the route
 * asks itself, for each part of what it is asked for.
 */
export type Rule = "anyone" | "known" | "server" | "parts" | Right;

/**
 * Lets a request on, at once wherever the application is not to be asked.
 *
 * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`; also as a rejection, and then `AUTH_UNAVAILABLE` too
 */
export function authorize(access: Access, rule: Rule, name: string): Promise<void> | void {
  switch (rule) {
    case "anyone":
    case "parts":
      return undefined;
    case "known":
      if (isSomebody(access.identity)) return undefined;
      throw unauthenticated("this needs a credential; send Authorization: Bearer and a token or key.");
    case "server":
      return checkServer(access);
    case "subscribe":
    case "publish":
    case "command":
    case "presence":
    case "admin":
      return access.check(rule, name);
  }
}

/** @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN` for all but administrators of the whole server */
function checkServer({ identity }: Access): void {
  if (identity.grants.isAdmin) return;
  if (!isSomebody(identity))
    throw unauthenticated(
      'this needs a credential with "admin" on "**"; send Authorization: Bearer and a token or key.',
    );
  throw new TidingsError(
    "FORBIDDEN",
    'this is for administrators of the whole server: a credential with "admin" on "**".',
  );
}

/**
 * To be asked ahead of what costs something: a body is not taken from one who may do nothing.
 *
 * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`
 */
export function checkSome({ identity }: Access): void {
  if (RIGHTS.some((right) => identity.grants.allowsAny(right))) return;
  if (!isSomebody(identity))
    throw unauthenticated("this needs a credential; send Authorization: Bearer and a token or key.");
  throw new TidingsError("FORBIDDEN", "the credential has no grants; ask for one that has.");
}

/** @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN` for one who has this right for nothing at all */
export function checkAny({ identity }: Access, right: Right): void {
  if (identity.grants.allowsAny(right)) return;
  if (!isSomebody(identity))
    throw unauthenticated(
      `this needs a credential with a ${right} grant; send Authorization: Bearer and a token or key.`,
    );
  throw new TidingsError("FORBIDDEN", `the credential has no ${right} grant; ask for one that has.`);
}

/**
 * Of what is to be read, that which may be. With `isWhole` the first that may not be is thrown; otherwise they are refused
 * one by one, as a stream tells them, unless there is nothing else.
 *
 * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`, `AUTH_UNAVAILABLE`
 */
export async function admitReads(
  access: Access,
  read: ReadQuery,
  isWhole: boolean,
  { toError }: Pick<Services, "toError">,
): Promise<ReadQuery> {
  const refused: Refused[] = [...read.refused];
  const channels: ReadQuery["channels"][number][] = [];
  for (const each of read.channels) {
    try {
      const waits = access.check("subscribe", each.channel);
      if (waits !== undefined) await waits;
      if (each.presence) await access.check("presence", each.channel);
      channels.push(each);
    } catch (error) {
      if (isWhole) throw error;
      refused.push({ channel: each.channel, error: toError(error) });
    }
  }
  for (const { channel } of read.join) await access.check("presence", channel);
  const [first] = refused;
  // One that has shown nothing is told so before anything begins: it may have come without its credential.
  if (channels.length === 0 && first?.error.code === "UNAUTHENTICATED") throw first.error;
  return { ...read, channels, refused };
}
