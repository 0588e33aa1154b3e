import type { GrantLists } from "@tidings/core";
import { newApiKey } from "../../../src/auth/api-key.ts";
import { mint } from "../support.ts";
import { ask } from "./ask.ts";
import type { Row } from "./rows.ts";
import { allBut, AUDIENCE, bearer, COOKIE, enough, HOLDER, type World } from "./world.ts";

/** What somebody may show. `right`: what is needed and nothing else; `other`: all there is but what is needed. */
export const CREDENTIALS = [
  "none",
  "no token",
  "unknown key",
  "bad signature",
  "expired",
  "wrong audience",
  "other",
  "right",
] as const;
export type Shown = (typeof CREDENTIALS)[number];
/** A ticket is the server's own: it has no signature and no audience, and may be unknown, or used up. */
export const TICKETS = ["none", "never issued", "used", "other", "right"] as const;
export type ShownTicket = (typeof TICKETS)[number];

/** A token for what is asked of a row; `undefined` for none at all. */
export async function tokenFor({ need }: Pick<Row, "need">, shown: Shown): Promise<string | undefined> {
  if (shown === "none") return undefined;
  if (shown === "no token") return "neither-a-token-nor-a-key";
  if (shown === "unknown key") return newApiKey().key;
  const isOther = shown === "other";
  const sub = need === "holder" && isOther ? "bob" : HOLDER;
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return mint(
    grantsFor(need, isOther),
    {
      sub,
      aud: shown === "wrong audience" ? "another-service" : AUDIENCE,
      ...(shown === "expired" ? { iat: nowSeconds - 600, exp: nowSeconds - 60 } : {}),
    },
    shown === "bad signature" ? { key: Buffer.alloc(32, 1) } : {},
  );
}

function grantsFor(need: Row["need"], isOther: boolean): GrantLists {
  if (need === "server") return isOther ? allBut({ right: "admin", name: "**" }) : { admin: ["**"] };
  if (typeof need === "string") return allBut({ right: "command", name: "" });
  if (isOther) return allBut(need);
  return { ...need.beside, ...enough(need) };
}

/** The same as a ticket of such a token. */
export async function ticketFor(
  { url }: World,
  row: Pick<Row, "need">,
  shown: ShownTicket,
): Promise<string | undefined> {
  if (shown === "none") return undefined;
  if (shown === "never issued") return "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
  const token = (await tokenFor(row, shown === "used" ? "right" : shown)) ?? "";
  const { text } = await ask(url, { method: "POST", path: "/tickets", headers: bearer(token) });
  const { ticket } = JSON.parse(text) as { ticket: string };
  if (shown === "used") await ask(url, { method: "GET", path: `/channels/others/1?ticket=${ticket}` });
  return ticket;
}

/** As a page of the server's own origin sends it. */
export function cookie(token: string | undefined, origin: string): Readonly<Record<string, string>> {
  return token === undefined ? {} : { cookie: `other=1; ${COOKIE}=${token}`, origin };
}
