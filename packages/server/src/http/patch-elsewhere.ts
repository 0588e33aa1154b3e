import { ERRORS, quote, TidingsError } from "@tidings/protocol";
import { z } from "zod";
import { readIdentity, tellIdentity, type Visitor } from "../auth/index.ts";
import type { Nodes } from "../nodes/index.ts";
import { type Patch, patchConnection } from "./patch-connection.ts";
import type { Services } from "./services.ts";

const FIND = "connection.find";
const PATCH = "connection.patch";

const found = z.object({ id: z.string() });
const asked = z.object({
  id: z.string(),
  body: z.string(),
  isLenient: z.boolean(),
  identity: z.unknown(),
  renewed: z.unknown().optional(),
});
const answered = z.union([
  z.object({ done: z.record(z.string(), z.unknown()) }),
  z.object({
    refused: z.object({
      code: z.enum(Object.keys(ERRORS) as [keyof typeof ERRORS]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  }),
]);

/** Has other nodes change connections of this one, as those ask for who may: see {@link patchElsewhere}. */
export function takePatches(services: Services, nodes: Nodes): void {
  nodes.on(FIND, (params) => services.connections.get(found.parse(params).id) !== undefined);
  nodes.on(PATCH, async (params) => {
    const { id, body, isLenient, ...told } = asked.parse(params);
    try {
      const bytes = Buffer.from(body);
      const identity = readIdentity(told.identity);
      const renewed = told.renewed === undefined ? undefined : readIdentity(told.renewed);
      return { done: await patchConnection(services, { id, bytes, isLenient, identity, renewed }) };
    } catch (error) {
      const { code, message, details } = services.toError(error);
      return { refused: { code, message, details } };
    }
  });
}

/**
 * Changes a connection of another node: without sticky sessions, a request about it reaches any. That node checks it
 * as if it had come there, for the one who is known here. A new credential is looked at here, and told to no other node.
 *
 * @throws {TidingsError} `CONNECTION_UNKNOWN`, also where the node that may have it gives no answer: the client connects again;
 *   `UNAUTHENTICATED` and its like where the new credential does not hold; what that node refuses it with
 */
export async function patchElsewhere(
  { auth, nodes }: { readonly auth: Services["auth"]; readonly nodes: Nodes },
  { id, bytes, isLenient, identity }: Patch,
  visitor: Visitor | undefined,
): Promise<object> {
  const place = (await nodes.ask(FIND, { id })).find((answer) => "value" in answer && answer.value === true);
  if (place === undefined) throw connectionUnknown(id);
  const { token, ...rest } = JSON.parse(bytes.toString()) as { readonly token?: string };
  const isRenewed = token !== undefined && auth !== undefined && visitor !== undefined;
  const renewed = isRenewed ? tellIdentity(await auth.gate.renew(visitor, token)) : undefined;
  const params = { id, body: JSON.stringify(rest), isLenient, identity: tellIdentity(identity), renewed };
  const [answer] = await nodes.ask(PATCH, params, [place.node]);
  if (answer === undefined || "missing" in answer) throw connectionUnknown(id);
  const read = answered.parse(answer.value);
  if ("done" in read) return read.done;
  throw new TidingsError(read.refused.code, read.refused.message, read.refused.details);
}

/** Its client connects again. */
function connectionUnknown(id: string): TidingsError {
  return new TidingsError(
    "CONNECTION_UNKNOWN",
    `no connection ${quote(id)} of /connect or a WebSocket is open here, or on a node that answers for it; connect again.`,
  );
}
