import type { GuardOptions } from "./guard.ts";

/**
 * What every answer tells browsers, by name and value in turn: that its type is no other than it says, that its URL, which
 * may hold a ticket, is told to nobody, and whose pages may embed it. The last is what the guard makes of `Sec-Fetch-Site`,
 * for browsers that do not send it (Fetch, "Cross-Origin-Resource-Policy").
 */
export function securityHeaders({ origins }: Pick<GuardOptions, "origins">): readonly string[] {
  return [
    "X-Content-Type-Options",
    "nosniff",
    "Referrer-Policy",
    "no-referrer",
    "Cross-Origin-Resource-Policy",
    origins.includes("*") ? "cross-origin" : "same-site",
  ];
}
