import type { AuthOptions } from "../../auth/index.ts";
import { secretOf } from "../../auth/jwt-keys.ts";
import { type Config, isLoopbackHost } from "../../config/index.ts";
import type { ConfigFlags } from "../config/flags.ts";
import { describeGrants } from "../grants.ts";
import { isCareless, keyCommand } from "../serve/refuse.ts";
import { error, type Finding, warning } from "./finding.ts";

/** Of 32 hexadecimal digits at random fewer different ones come once in some thousand times, of random bytes never. */
const FEW_DIFFERENT_BYTES = 10;

/** Who may come in, as the configuration says. */
export function checkAccess(config: Config, auth: AuthOptions | undefined, flags: ConfigFlags): Finding[] {
  return [
    ...checkAuthentication(config, auth, flags),
    ...checkHosts(config),
    ...checkProxies(config),
    ...checkOrigins(config, auth),
    ...checkAnonymous(config),
    ...checkTokens(config),
    ...checkCallback(config),
  ];
}

function checkAuthentication(config: Config, auth: AuthOptions | undefined, flags: ConfigFlags): Finding[] {
  const { host, open } = config;
  if (auth !== undefined) return [];
  if (isCareless(config, auth))
    return [
      error(
        "auth",
        `there is no authentication, and ${host} can be reached from a network: the server does not start. Make a key: ${keyCommand(flags)}`,
      ),
    ];
  if (open && !isLoopbackHost(host))
    return [
      warning(
        "open",
        `everyone who reaches ${host} may read, publish and delete everything. Make a key (${keyCommand(flags)}), and leave open out.`,
      ),
    ];
  return [
    warning(
      "auth",
      `there is no authentication: every process of every user of this machine may read, publish and delete. Make a key: ${keyCommand(flags)}`,
    ),
  ];
}

function checkHosts({ host, allowedHosts }: Config): Finding[] {
  if (isLoopbackHost(host) || allowedHosts.length > 0) return [];
  return [
    warning(
      "allowedHosts",
      "no names are given, so a request's Host may be any, and a web page can reach the server by a name of its own (DNS " +
        "rebinding). Give the names that clients use: --allowed-host live.example",
    ),
  ];
}

function checkProxies({ trustedProxies }: Config): Finding[] {
  const wide = trustedProxies.find((network) => network.endsWith("/0"));
  if (wide === undefined) return [];
  return [
    warning(
      "trustedProxies",
      `${wide} is everybody: whoever reaches the server chooses the address that limits and the application's say go by. Name the proxies.`,
    ),
  ];
}

function checkOrigins({ cors }: Config, auth: AuthOptions | undefined): Finding[] {
  if (!cors.origins.includes("*")) return [];
  const reason =
    auth === undefined
      ? "and nobody is asked, so any page that somebody visits who reaches the server may read and publish"
      : "so any page may use the server with a token that it has, and may do what those may who show nothing";
  return [warning("cors.origins", `pages of all origins are let in, ${reason}. Name the origins instead.`)];
}

function checkAnonymous({ auth: { anonymous } }: Config): Finding[] {
  const granted = describeGrants(anonymous);
  if (granted === "") return [];
  return [
    warning(
      "auth.anonymous",
      `whoever reaches the server may, without showing anything: ${granted}. See that it is meant so.`,
    ),
  ];
}

function checkTokens({ auth }: Config): Finding[] {
  return auth.jwt.flatMap((key, index): Finding[] => {
    const at = `auth.jwt[${index}]`;
    if ("jwks" in key) return checkKeySet(at, key.jwks, auth.audience);
    if (!("secret" in key)) return [];
    const found: Finding[] = [];
    if (!key.secret.startsWith("env:"))
      found.push(
        warning(
          `${at}.secret`,
          "the secret stands in the configuration itself: whoever reads that can sign tokens for everything. Name a variable that holds it: env:NAME",
        ),
      );
    if (new Set(secretOf(key)).size < FEW_DIFFERENT_BYTES)
      found.push(
        warning(
          `${at}.secret`,
          "the secret does not look random, and may be guessed from a token. Make one with: openssl rand -base64 48",
        ),
      );
    return found;
  });
}

function checkCallback({ auth: { callback } }: Config): Finding[] {
  if (callback === null) return [];
  const { url, secret } = callback;
  const found: Finding[] = [];
  if (isWithoutTls(url))
    found.push(
      warning(
        "auth.callback.url",
        "the application is asked without TLS: whoever is on the way can read who asks, and answer for it. Use https.",
      ),
    );
  if (secret === undefined)
    found.push(
      warning(
        "auth.callback.secret",
        "questions are not signed, so the application cannot tell them from another's. Give a secret: env:NAME",
      ),
    );
  else if (!secret.startsWith("env:"))
    found.push(
      warning(
        "auth.callback.secret",
        "the secret stands in the configuration itself. Name a variable that holds it: env:NAME",
      ),
    );
  return found;
}

/** Of a URL on another machine. */
function isWithoutTls(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopbackHost(hostname.replace(/^\[(.*)\]$/, "$1"));
}

function checkKeySet(at: string, jwks: string, audience: string | null): Finding[] {
  const found: Finding[] = [];
  if (isWithoutTls(jwks))
    found.push(
      warning(
        `${at}.jwks`,
        "the keys are fetched without TLS: whoever is on the way can put in their own. Use https.",
      ),
    );
  if (audience === null)
    found.push(
      warning(
        "auth.audience",
        "it is not set, so a token that the same issuer made for another service is taken too. Set what is meant for this one.",
      ),
    );
  return found;
}
