import type { IncomingMessage } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";
import Negotiator from "negotiator";
import type { Exchange } from "../http/router.ts";
import type { Assets } from "./assets.ts";

/** Answers with the start page, where a browser asks for one and the server was built with it; `false` for all others. */
export async function serveStart(assets: Assets, { req, res }: Exchange): Promise<boolean> {
  if (!wantsPage(req) || !(await assets.has("index.html"))) return false;
  const path = pathOf(req);
  if (path.endsWith("/")) return assets.serve(req, res, "index.html");
  // Below a base path, what the page names beside itself would be looked for one level up.
  res.writeHead(308, { Location: `${path.slice(path.lastIndexOf("/") + 1)}/` }).end();
  return true;
}

/** `GET /lab`, for a browser; in a lab its page may connect to the lab's paths too, which are `sources`. */
export async function serveLab(
  assets: Assets,
  { req, res }: Exchange,
  sources: readonly string[] = [],
): Promise<void> {
  if (!wantsPage(req) || !(await assets.serve(req, res, "lab.html", sources))) throw missing("lab");
}

/** `GET /assets/*`. */
export async function serveAsset(assets: Assets, { req, res, name }: Exchange): Promise<void> {
  if (!(await assets.serve(req, res, `assets/${name}`))) throw missing(`assets/${name}`);
}

/** Programs that take anything get JSON. */
function wantsPage(req: IncomingMessage): boolean {
  return new Negotiator(req).mediaType(["application/json", "text/html"]) === "text/html";
}

function pathOf(req: IncomingMessage): string {
  const target = (req as { originalUrl?: string }).originalUrl ?? req.url ?? "/";
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

function missing(path: string): TidingsError {
  return new TidingsError(
    "NOT_FOUND",
    `there is no page at ${quote(`/${path}`)}: pages are for browsers, and for servers that were built with them.`,
  );
}
