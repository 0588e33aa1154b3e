import type { Hub, Publisher } from "@tidings/core";
import type { Logger } from "pino";
import { type AuthOptions, Gate, Revocations, Sessions } from "../auth/index.ts";
import type { Addresses } from "../http/address.ts";
import { type GuardOptions, isTrustedOrigin } from "../http/guard.ts";
import type { Nodes } from "../nodes/index.ts";
import type { AuthServices } from "../http/services.ts";

interface Shared {
  readonly hub: Hub;
  readonly publisher: Publisher;
  readonly addresses: Addresses;
  readonly logger: Logger;
  readonly guard: GuardOptions;
  readonly nodes: Nodes | undefined;
}

/**
 * Opens what finds out who asks. Resolves once all that was revoked is known.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for keys and secrets that cannot be used
 */
export async function openAuth(
  auth: AuthOptions,
  { hub, publisher, addresses, logger, guard, nodes }: Shared,
): Promise<AuthServices> {
  const nowMs = Date.now;
  // What is changed while it all begins is looked at once it has.
  const begun: { sessions?: Sessions } = {};
  const review = (): void => begun.sessions?.review();
  const revocations = await Revocations.open({ hub, publisher, logger, nowMs, onRevoked: review });
  const gate = new Gate({
    auth,
    revocations,
    logger,
    nowMs,
    onChanged: review,
    nodes,
    addressOf: (req) => addresses.of(req),
    isTrusted: (req, origin) => isTrustedOrigin(req, origin, guard),
  });
  const sessions = new Sessions(gate.authenticator, nowMs);
  begun.sessions = sessions;
  return { gate, sessions, revocations };
}

export function closeAuth({ gate, sessions, revocations }: AuthServices): void {
  sessions.close();
  gate.close();
  revocations.close();
}
