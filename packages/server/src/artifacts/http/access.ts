import { type Access, checkGrant } from "../../auth/index.ts";
import { checkAny } from "../../http/authorize.ts";
import type { ArtifactRecord } from "../record.ts";

/**
 * An artifact is read by those who may read a message that names it, or once did; one that no message names yet, and an
 * upload, by those who publish: only they can know its id.
 *
 * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`, `AUTH_UNAVAILABLE`; nothing for an id that is not there
 */
export async function checkRead(access: Access, record: ArtifactRecord | undefined): Promise<void> {
  const channels = channelsOf(record);
  const [first, ...others] = channels;
  if (first === undefined) {
    // Whether there is one of this id is only for those who may look at some.
    if (!access.identity.grants.allowsAny("subscribe")) checkAny(access, "publish");
    return;
  }
  let fault: unknown;
  for (const channel of [first, ...others]) {
    try {
      await access.check("subscribe", channel);
      return;
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}

/**
 * Removed is one by those who may publish to every channel that names it.
 *
 * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`
 */
export function checkRemove(access: Access, record: ArtifactRecord | undefined): void {
  checkAny(access, "publish");
  for (const channel of channelsOf(record)) checkGrant(access.identity, "publish", channel);
}

function channelsOf(record: ArtifactRecord | undefined): readonly string[] {
  if (record === undefined) return [];
  const { references, pending } = record;
  return [...references.map(({ channel }) => channel), ...(pending === undefined ? [] : [pending.channel])];
}
