import type { IncomingMessage } from "node:http";
import { Grants } from "@tidings/core";
import type { Logger } from "pino";
import type { Nodes } from "../nodes/index.ts";
import { type Access, askable, GrantedAccess, type Visitor } from "./access.ts";
import { Authenticator } from "./authenticator.ts";
import { askOver } from "./callback.ts";
import { type CookieRule, type Credential, credentialOf } from "./credential.ts";
import { type Identity, withSaying } from "./identity.ts";
import type { AuthOptions } from "./options.ts";
import type { Revocations } from "./revocations.ts";
import { Say } from "./say.ts";

interface GateOptions {
  readonly auth: AuthOptions;
  readonly revocations: Revocations;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Told when what somebody holds may not hold any more. */
  readonly onChanged: () => void;
  readonly addressOf: (req: IncomingMessage) => string;
  /** See {@link AuthenticatorOptions.nodes}. */
  readonly nodes?: Nodes | undefined;
  /** Whether pages of an origin may use cookies here. */
  readonly isTrusted: CookieRule["isTrusted"];
}

/** Where whoever comes in is asked who they are. */
export class Gate {
  readonly authenticator: Authenticator;
  readonly #options: GateOptions;
  readonly #say: Say | undefined;
  readonly #cookie: CookieRule | undefined;
  /** Whether credentials are the application's own: nothing is there to verify them with. */
  readonly #isForeign: boolean;

  /** @throws {TidingsError} `CONFIG_INVALID` */
  constructor(options: GateOptions) {
    const { auth, logger, nowMs } = options;
    this.#options = options;
    this.authenticator = new Authenticator(options);
    this.#cookie =
      auth.cookie === undefined ? undefined : { name: auth.cookie, isTrusted: options.isTrusted };
    const asked = auth.hook ?? (auth.callback && askOver(auth.callback));
    this.#say =
      asked === undefined
        ? undefined
        : new Say(asked, nowMs, (error) =>
            logger.warn({ err: error }, "the application's say could not be had"),
          );
    this.#isForeign = (auth.jwt ?? []).length === 0 && this.#say?.isAskedFor("connect") === true;
  }

  /**
   * What a request may do. Takes the ticket out of the query. At once wherever nothing has to be waited for.
   *
   * @throws {TidingsError} `UNAUTHENTICATED`, `ORIGIN_FORBIDDEN`, `FORBIDDEN`, `AUTH_UNAVAILABLE`; also as a rejection
   */
  enter(req: IncomingMessage, query: URLSearchParams, isUpgrade: boolean): Access | Promise<Access> {
    const credential = credentialOf(req, query, this.#cookie, isUpgrade);
    if (credential?.by === "ticket") query.delete("ticket");
    return this.#admit(credential, this.#visitorOf(req));
  }

  /**
   * Whom a credential stands for that a live connection sends.
   *
   * @throws {TidingsError} `UNAUTHENTICATED`, `FORBIDDEN`, `AUTH_UNAVAILABLE`
   */
  async renew(visitor: Visitor, text: string): Promise<Identity> {
    // The application sees the new one where it saw that of the request.
    const seesToken = this.#say?.headers.includes("authorization") === true;
    const headers = seesToken ? { ...visitor.headers, authorization: `Bearer ${text}` } : visitor.headers;
    return (await this.#admit({ by: "header", text }, { ...visitor, headers })).identity;
  }

  close(): void {
    this.authenticator.close();
  }

  #admit(credential: Credential | undefined, visitor: Visitor): Access | Promise<Access> {
    const isOwn = credential?.by === "ticket" || credential?.text.startsWith("tk_") === true;
    const identity = this.authenticator.identify(this.#isForeign && !isOwn ? undefined : credential);
    if (identity instanceof Promise) return identity.then((found) => this.#connect(found, visitor));
    return this.#connect(identity, visitor);
  }

  #visitorOf(req: IncomingMessage): Visitor {
    const address = this.#options.addressOf(req);
    const headers = this.#say?.headers ?? [];
    if (headers.length === 0) return { address, headers: NO_HEADERS };
    const seen = headers.flatMap((name) => {
      const value = req.headers[name];
      return value === undefined ? [] : [[name, String(value)] as const];
    });
    return { address, headers: Object.fromEntries(seen) };
  }

  #connect(identity: Identity, visitor: Visitor): Access | Promise<Access> {
    const say = this.#say;
    if (say?.isAskedFor("connect") !== true) return new GrantedAccess(identity, say, visitor);
    return this.#ask(say, identity, visitor);
  }

  async #ask(say: Say, identity: Identity, visitor: Visitor): Promise<Access> {
    const { subject, grants, facts, expiresInMs } = await say.ask({
      action: "connect",
      identity: askable(identity),
      ...visitor,
    });
    const atMs = this.#options.nowMs();
    const said = withSaying(identity, {
      subject,
      grants: Grants.of(grants ?? {}),
      facts,
      atMs,
      expiresAtMs: expiresInMs === undefined ? undefined : atMs + expiresInMs,
    });
    return new GrantedAccess(said, say, visitor);
  }
}

const NO_HEADERS = {};
