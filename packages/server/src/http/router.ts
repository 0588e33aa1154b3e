import type { IncomingMessage, ServerResponse } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";
import type { Access } from "../auth/index.ts";
import type { Rule } from "./authorize.ts";
import findMyWay, { type FindResult, type HTTPMethod, type HTTPVersion, type Instance } from "find-my-way";

/** One request as a route gets it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly query: URLSearchParams;
  /** What stands for the route's `*` or `:id`, decoded. */
  readonly name: string;
  /** What whoever asks may do. */
  readonly access: Access;
}

/** Serves a request, or throws what is wrong with it. */
export type Route = (exchange: Exchange) => Promise<void> | void;

/** A path's own name for metrics: bounded, whatever clients ask for. */
export interface Found {
  readonly route: Route;
  readonly name: string;
  readonly pattern: string;
  readonly rule: Rule;
}

/** A route as it is declared. */
export interface Declared {
  readonly method: string;
  readonly pattern: string;
  readonly rule: Rule;
}

const METHODS: readonly HTTPMethod[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/** Node bounds the whole head of a request; this is to say more than 431 of a long URL. */
const MAX_URL_LENGTH = 24_576;

export class Router {
  readonly #routes: Instance<HTTPVersion.V1> = findMyWay({ maxParamLength: MAX_URL_LENGTH });

  /** Every route there is, in the order in which they were declared. */
  readonly declared: Declared[] = [];

  on(method: HTTPMethod, pattern: string, rule: Rule, route: Route): this {
    // The library's handlers are its own kind of function; ours is kept beside it.
    this.#routes.on(method, pattern, () => undefined, { route, pattern, rule });
    this.declared.push({ method, pattern, rule });
    return this;
  }

  /**
   * Finds the route of a method and path.
   *
   * @throws {TidingsError} `NOT_FOUND`, `METHOD_NOT_ALLOWED`, `URL_TOO_LONG`, `CHANNEL_NAME_INVALID`
   */
  find(method: string, path: string): Found {
    if (path.length > MAX_URL_LENGTH) {
      throw new TidingsError(
        "URL_TOO_LONG",
        `the URL has ${path.length} characters; the limit is ${MAX_URL_LENGTH}.`,
      );
    }
    if (!isDecodable(path)) {
      throw new TidingsError(
        "CHANNEL_NAME_INVALID",
        `${quote(path)} is not percent-encoded UTF-8, or holds a #; send it as a URL's path.`,
      );
    }
    const found = this.#look(method, path);
    if (found !== null) {
      const { route, pattern, rule } = found.store as { route: Route; pattern: string; rule: Rule };
      return { route, pattern, rule, name: found.params["*"] ?? found.params["id"] ?? "" };
    }
    const allowed = this.allowed(path);
    if (allowed === "") {
      throw new TidingsError(
        "NOT_FOUND",
        `there is nothing at ${quote(path)}; channels are at /channels/{channel}, and /openapi.json tells the rest.`,
      );
    }
    throw new TidingsError(
      "METHOD_NOT_ALLOWED",
      `${quote(method)} is not for ${quote(path)}; it takes ${allowed}.`,
    );
  }

  /** The methods that a path takes, for `Allow` (RFC 9110 §10.2.1). */
  allowed(path: string): string {
    return isDecodable(path) ? METHODS.filter((each) => this.#look(each, path) !== null).join(", ") : "";
  }

  /** A URL that can be got can be asked for its head (RFC 9110 §9.3.2); Node leaves the body out by itself. */
  #look(method: string, path: string): FindResult<HTTPVersion.V1> | null {
    const found = this.#routes.find(method as HTTPMethod, path);
    return found === null && method === "HEAD" ? this.#routes.find("GET", path) : found;
  }
}

/** What the library would pass over: it cuts a path at a `#`, and finds nothing for one that it cannot decode. */
function isDecodable(path: string): boolean {
  if (!path.includes("%")) return !path.includes("#");
  try {
    decodeURIComponent(path);
  } catch {
    return false;
  }
  return !path.includes("#");
}
