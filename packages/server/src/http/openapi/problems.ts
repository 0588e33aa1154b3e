import { type ErrorCode, ERRORS } from "@tidings/protocol";

/** What any request can be answered with, whatever it asks for. */
const ANYWHERE: readonly ErrorCode[] = [
  "REQUEST_INVALID",
  "OPEN_REFUSED",
  "HOST_FORBIDDEN",
  "ORIGIN_FORBIDDEN",
  "REQUEST_TIMEOUT",
  "URL_TOO_LONG",
  "HEADERS_TOO_LARGE",
  "INTERNAL",
];

/** What whoever asks can be answered with where it is asked who that is; also where there is no room for more connections. */
const ASKED: readonly ErrorCode[] = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "AUTH_UNAVAILABLE",
  "TOO_MANY_CONNECTIONS",
];

/** The statuses that come with `Retry-After`. */
const RETRY_AFTER = new Set([429, 503]);

/**
 * The problem responses of an operation, by status: each names the codes that it can carry. Those that any request
 * can meet are added, and those of credentials.
 */
export function problems(...codes: readonly ErrorCode[]): Readonly<Record<string, object>> {
  return openProblems(...ASKED, ...codes);
}

/** The same for an operation where nobody is asked who they are. */
export function openProblems(...codes: readonly ErrorCode[]): Readonly<Record<string, object>> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...ANYWHERE])) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const sorted = [...byStatus].sort(([one], [other]) => one - other);
  return Object.fromEntries(sorted.map(([status, group]) => [String(status), response(status, group)]));
}

function response(status: number, codes: readonly ErrorCode[]): object {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join("\n\n"),
    ...(RETRY_AFTER.has(status)
      ? { headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } }
      : {}),
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
      },
    },
  };
}
