import { TidingsError } from "@tidings/protocol";
import { z } from "zod";
import type { Revocation } from "../auth/index.ts";
import { readBody, requireJson } from "./body.ts";
import { sendJson } from "./problem.ts";
import { checkNames } from "./query.ts";
import type { Exchange } from "./router.ts";
import type { AuthServices, Services } from "./services.ts";

const MAX_BODY_BYTES = 4_096;
const name = z.string().min(1).max(255);
const schema = z.union([
  z.strictObject({ token: name }),
  z.strictObject({ subject: name }),
  z.strictObject({ key: name }),
]);

/** `GET /revocations`: all there are. */
export function serveRevocations(services: Services, { res, query }: Exchange): void {
  checkNames(query, []);
  const revocations = authOf(services).revocations.all().map(toJson);
  sendJson(res, 200, { revocations });
}

/** `POST /revocations`: takes a token, a key, or all tokens that a subject has, back. In force once it is answered. */
export async function serveRevoke(services: Services, exchange: Exchange): Promise<void> {
  checkNames(exchange.query, []);
  const { revocations } = authOf(services);
  const { of, id } = await readTarget(exchange);
  await revocations.revoke(of, id);
  exchange.res.writeHead(204).end();
}

/** `DELETE /revocations`: makes it as if that had never been revoked. */
export async function serveRestore(services: Services, exchange: Exchange): Promise<void> {
  checkNames(exchange.query, []);
  const { revocations } = authOf(services);
  const { of, id } = await readTarget(exchange);
  if (!(await revocations.restore(of, id))) throw new TidingsError("NOT_FOUND", `this ${of} is not revoked.`);
  exchange.res.writeHead(204).end();
}

async function readTarget({ req }: Exchange): Promise<Pick<Revocation, "of" | "id">> {
  requireJson(req, "what is revoked");
  const body = await readBody(req, MAX_BODY_BYTES, "BATCH_TOO_LARGE");
  const read = schema.safeParse(jsonOf(body));
  if (!read.success) {
    throw new TidingsError(
      "BODY_INVALID",
      'the body must be {"token":"…"} with a token\'s jti, {"subject":"…"} with its sub, or {"key":"…"} with a key\'s id.',
    );
  }
  const [[of, id]] = Object.entries(read.data) as [[Revocation["of"], string]];
  return { of, id };
}

function toJson({ of, id, atMs }: Revocation): object {
  return { [of]: id, at: new Date(atMs).toISOString() };
}

function authOf({ auth }: Services): AuthServices {
  if (auth !== undefined) return auth;
  throw new TidingsError("NOT_FOUND", "this server asks nobody who they are, so nothing can be revoked.");
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
