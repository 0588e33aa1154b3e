import { checkSome } from "./authorize.ts";
import { readBody } from "./body.ts";
import { type Patch, parsePatch, patchConnection } from "./patch-connection.ts";
import { patchElsewhere } from "./patch-elsewhere.ts";
import { sendJson } from "./problem.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

const MAX_PATCH_BYTES = 262_144;
/** RFC 7240 §4.4. */
const LENIENT = /(?:^|[,;\s])handling\s*=\s*"?lenient\b/i;

/**
 * `PATCH /connections/{id}`: adds and removes channels of a live connection. First those that go, then those that
 * come; what cannot be done is a problem, and what was done before it stays done. With `Prefer: handling=lenient` a
 * channel that cannot be read is told in the stream, as it is on `POST /connect`, and the rest is done.
 */
export async function servePatch(
  services: Services,
  { req, res, name: id, access }: Exchange,
): Promise<void> {
  checkSome(access);
  const bytes = await readBody(req, MAX_PATCH_BYTES, "BATCH_TOO_LARGE");
  const isLenient = LENIENT.test(String(req.headers["prefer"] ?? ""));
  const { connections, nodes } = services;
  const patch: Patch = { id, bytes, isLenient, identity: access.identity };
  // Looked for once the body is there: it may end while the body comes. What is no patch is nobody's.
  const isElsewhere = nodes !== undefined && connections.get(id) === undefined && nodes.size > 1;
  if (isElsewhere) parsePatch(services, patch);
  const done = isElsewhere
    ? await patchElsewhere({ auth: services.auth, nodes }, patch, access.visitor)
    : await patchConnection(services, patch);
  sendJson(res, 200, done, isLenient ? { "Preference-Applied": "handling=lenient" } : {});
}
