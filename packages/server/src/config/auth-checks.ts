import { TidingsError } from "@tidings/protocol";
import type { AuthOptions } from "../auth/index.ts";
// Not by the room's index: the command line starts without the server.
import { readKeyFile } from "../auth/key-file.ts";
import { publicKeyOf, secretOf } from "../auth/jwt-keys.ts";
import type { AuthConfig, Config } from "./config.ts";
import type { Contradiction } from "./cross-checks.ts";

/** Patterns that every name matches, or nearly: nothing but stars. */
const ONLY_STARS = /^\*+(?:[/.]\*+)*$/;

/** What is wrong with who may come in: keys that cannot be used, and doors that are open by carelessness. */
export function findAuthFaults(
  { auth, cors, open }: Pick<Config, "auth" | "cors" | "open">,
  inForce: AuthOptions | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): Contradiction[] {
  const found = [...findUnusableKeys(auth, environment, nowMs), ...findOpenDoors(auth)];
  if (open && inForce !== undefined) {
    const hasAnonymous = Object.values(auth.anonymous).some((patterns) => patterns.length > 0);
    const by =
      auth.jwt.length > 0
        ? "auth.jwt"
        : hasAnonymous
          ? "auth.anonymous"
          : auth.callback === null
            ? `the key file ${auth.keys}`
            : "auth.callback";
    found.push({
      field: "open",
      message: `open is true, and ${by} says who may come in; leave one of them out: open lets everyone do everything.`,
    });
  }
  for (const field of ["issuer", "audience"] as const) {
    if (auth[field] === null || auth.jwt.length > 0) continue;
    found.push({
      field: `auth.${field}`,
      message: `auth.${field} is given without auth.jwt, so no token is taken; say what tokens are verified with, or leave it out.`,
    });
  }
  if (auth.cookie !== null && inForce === undefined) {
    found.push({
      field: "auth.cookie",
      message:
        "auth.cookie is given, and nobody is asked for it; configure auth.jwt or a key file, or leave it out.",
    });
  }
  const seesCookies = auth.callback?.headers?.some((name) => name.toLowerCase() === "cookie") === true;
  if ((auth.cookie !== null || seesCookies) && cors.origins.includes("*")) {
    const by = auth.cookie === null ? "an auth.callback that sees cookies" : "auth.cookie";
    found.push({
      field: "cors.origins",
      message: `cors.origins has "*" together with ${by}: any web page could act in the name of who visits it; name the origins.`,
    });
  }
  return found;
}

function findUnusableKeys(
  auth: AuthConfig,
  environment: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): Contradiction[] {
  const found: Contradiction[] = [];
  const attempt = (field: string, use: () => unknown): void => {
    try {
      use();
    } catch (error) {
      if (!(error instanceof TidingsError)) throw error;
      found.push({ field, message: `${field} cannot be used: ${error.message}` });
    }
  };
  for (const [index, key] of auth.jwt.entries()) {
    const at = `auth.jwt[${index}]`;
    if ("secret" in key) attempt(`${at}.secret`, () => secretOf(key, environment));
    else if ("publicKey" in key) attempt(`${at}.publicKey`, () => publicKeyOf(key, nowMs));
  }
  attempt("auth.keys", () => readKeyFile(auth.keys));
  return found;
}

function findOpenDoors({ anonymous }: AuthConfig): Contradiction[] {
  const found: Contradiction[] = [];
  const tell = (message: string): void => {
    found.push({ field: "auth.anonymous", message: `auth.anonymous.${message}` });
  };
  if ((anonymous.admin?.length ?? 0) > 0)
    tell(
      "admin is given: whoever reaches the server could delete and revoke; give a key or token that right.",
    );
  const wide = anonymous.publish?.find((pattern) => ONLY_STARS.test(pattern));
  if (wide !== undefined)
    tell(
      `publish has ${JSON.stringify(wide)}: whoever reaches the server could publish everywhere; ` +
        "name the channels, or serve a network that you trust with open and without auth.",
    );
  return found;
}
