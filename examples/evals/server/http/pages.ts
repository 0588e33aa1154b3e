import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { problemResponse } from "./problem.ts";

/** Nothing but the platform's own: no script or style in a page's text, no frame around it, no other server. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  json: "application/json",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};
const COMPRESSED = /\.(?:html|js|css|svg|json|webmanifest|txt)$/;
/** As Vite names what it builds: what is at such a name never changes. */
const HASHED = /^assets\/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;
const INDEX = "index.html";

interface Page {
  readonly type: string;
  readonly isImmutable: boolean;
  readonly tag: string;
  readonly whole: Buffer<ArrayBuffer>;
  readonly gzipped: Buffer<ArrayBuffer> | undefined;
}

/** The files of the web part, read and compressed once: they are few, and small. */
export class Pages {
  readonly #pages: ReadonlyMap<string, Page>;

  /** @param folder with `index.html`; without one there are no pages, which is told to who asks for them */
  constructor(folder: string | undefined) {
    const names =
      folder === undefined
        ? []
        : readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
    this.#pages = new Map(
      names.map((name) => [name.split(sep).join("/"), read(join(folder ?? "", name), name)] as const),
    );
  }

  /** A file by its path; every other path is a page's, which the script of `index.html` tells apart. */
  serve(path: string, request: Request): Response {
    const name = decode(path).slice(1);
    // What looks like a file and is none is not a page: a script that is gone would be HTML.
    const page = this.#pages.get(name) ?? (/\.[a-z0-9]+$/.test(name) ? undefined : this.#pages.get(INDEX));
    if (page === undefined) {
      const text =
        this.#pages.size === 0
          ? "the pages are not built; start the platform with npm run example:evals."
          : `there is no ${path.slice(0, 200)}.`;
      return problemResponse("NOT_FOUND", text);
    }
    const isGzipped =
      page.gzipped !== undefined && /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
    const tag = isGzipped ? `"${page.tag}-gzip"` : `"${page.tag}"`;
    const headers: Record<string, string> = {
      "Content-Type": page.type,
      ETag: tag,
      Vary: "Accept-Encoding",
      "Cache-Control": page.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
      "Content-Security-Policy": CONTENT_SECURITY_POLICY,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
    };
    const known = (request.headers.get("if-none-match") ?? "").split(",").map((each) => each.trim());
    if (known.includes(tag) || known.includes(`W/${tag}`))
      return new Response(null, { status: 304, headers });
    const body = isGzipped ? page.gzipped : page.whole;
    if (isGzipped) headers["Content-Encoding"] = "gzip";
    headers["Content-Length"] = String(body.length);
    return new Response(request.method === "HEAD" ? null : body, { headers });
  }
}

function read(path: string, name: string): Page {
  const whole = readFileSync(path);
  return {
    type: TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
    isImmutable: HASHED.test(name.split(sep).join("/")),
    tag: createHash("sha256").update(whole).digest("base64url").slice(0, 22),
    whole,
    gzipped: COMPRESSED.test(name) ? gzipSync(whole, { level: 9 }) : undefined,
  };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
