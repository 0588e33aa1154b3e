import type { OpenConnection } from "./connections.ts";
import type { Services } from "./services.ts";

/**
 * Has a live connection go on with another credential. A server that asks nobody takes it, and nothing changes.
 *
 * @throws {TidingsError} `UNAUTHENTICATED` where it does not hold, `FORBIDDEN` where it stands for somebody else,
 *   `AUTH_UNAVAILABLE`, `TOO_MANY_CONNECTIONS` where that has too many, `CONNECTION_UNKNOWN` where the connection ended meanwhile
 */
export async function renew(
  { auth, connections }: Pick<Services, "auth" | "connections">,
  entry: OpenConnection,
  token: string,
): Promise<void> {
  const { visitor } = entry.access;
  if (auth === undefined || visitor === undefined) return;
  connections.renew(entry, await auth.gate.renew(visitor, token));
}
