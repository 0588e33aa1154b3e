import { TidingsError } from "@tidings/protocol";
import { sendJson } from "./problem.ts";
import { checkNames } from "./query.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

/** `POST /tickets`: something that stands for the credential in a URL, once and for 30 s. */
export function serveTicket({ auth }: Services, { res, query, access }: Exchange): void {
  checkNames(query, []);
  if (auth === undefined) {
    throw new TidingsError(
      "NOT_FOUND",
      "this server asks nobody who they are, so it has no tickets; connect without one.",
    );
  }
  sendJson(res, 201, auth.gate.authenticator.tickets.issue(access.identity));
}
