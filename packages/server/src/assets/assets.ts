import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import Negotiator from "negotiator";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
/** How precompressed files are named; the better first. */
const ENCODINGS = [
  { ending: ".br", name: "br" },
  { ending: ".gz", name: "gzip" },
] as const;
/** No script but the pages' own, nothing from elsewhere but what a page is told to read from, and no frame around them. */
const policyOf = (sources: readonly string[]): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src ${["'self'", ...sources].join(" ")}; ` +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The bundler puts a hash of what a file holds into its name: under that name it never changes. */
const HASHED = /^assets\/.+[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;
const A_YEAR = "public, max-age=31536000, immutable";

/** One file, as it goes out in one encoding. */
interface Body {
  readonly bytes: Buffer;
  readonly tag: string;
}

/** The built pages, from one folder. What is in it when it is first asked for is all there is: no name leads out of it. */
export class Assets {
  readonly #folder: string;
  #names: Promise<ReadonlySet<string>> | undefined;
  /** By the name of the file, which precompressed ones have too. */
  readonly #bodies = new Map<string, Promise<Body>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Answers with a file, where it is there; `false` where it is not.
   *
   * @param sources what a page may connect to beside its own origin, as `connect-src` names them (CSP Level 3 §6.1.2)
   */
  async serve(
    req: IncomingMessage,
    res: ServerResponse,
    name: string,
    sources: readonly string[] = [],
  ): Promise<boolean> {
    const names = await this.#list();
    const type = TYPES[extname(name)];
    if (type === undefined || !names.has(name)) return false;
    const offered = ENCODINGS.filter(({ ending }) => names.has(name + ending));
    const accepted = offered.length === 0 ? [] : new Negotiator(req).encodings();
    const encoding = offered.find((each) => accepted.includes(each.name));
    const { bytes, tag } = await this.#body(name + (encoding?.ending ?? ""));
    const headers = {
      ETag: tag,
      "Cache-Control": HASHED.test(name) ? A_YEAR : "no-cache",
      "Content-Security-Policy": policyOf(sources),
      // With none at all a browser would name no origin in the page's own requests, which would then be refused.
      "Referrer-Policy": "same-origin",
      ...(offered.length === 0 ? {} : { Vary: "Accept-Encoding" }),
    };
    if (req.headers["if-none-match"]?.includes(tag) === true) {
      res.writeHead(304, headers).end();
      return true;
    }
    res.writeHead(200, {
      ...headers,
      "Content-Type": type,
      "Content-Length": bytes.length,
      ...(encoding === undefined ? {} : { "Content-Encoding": encoding.name }),
    });
    res.end(req.method === "HEAD" ? undefined : bytes);
    return true;
  }

  async has(name: string): Promise<boolean> {
    return (await this.#list()).has(name);
  }

  #list(): Promise<ReadonlySet<string>> {
    this.#names ??= readdir(this.#folder, { recursive: true }).then(
      (paths) => new Set(paths.map((path) => path.split(sep).join("/"))),
      // Built without pages.
      () => new Set<string>(),
    );
    return this.#names;
  }

  #body(name: string): Promise<Body> {
    let body = this.#bodies.get(name);
    if (body === undefined) {
      body = this.#read(name);
      this.#bodies.set(name, body);
    }
    return body;
  }

  async #read(name: string): Promise<Body> {
    const bytes = await readFile(join(this.#folder, name));
    // Each encoding is a representation of its own (RFC 9110 §8.8.3).
    const tag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    return { bytes, tag };
  }
}
