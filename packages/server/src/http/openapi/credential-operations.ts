import { media } from "./content.ts";
import { problems } from "./problems.ts";

const name = { type: "string", minLength: 1, maxLength: 255 };

const target = {
  oneOf: [
    described("token", "A token's `jti`."),
    described("subject", "A token's `sub`: all that it was given until now."),
    described("key", "An API key's id."),
  ],
};

/** `/tickets` and `/revocations`. */
export function credentialOperations(): Readonly<Record<string, object>> {
  return {
    "/tickets": {
      post: {
        operationId: "getTicket",
        tags: ["credentials"],
        summary:
          "Get a ticket: something that stands for your credential in a URL (`?ticket=`), once and for 30 s.",
        responses: {
          "201": {
            description: "The ticket.",
            content: {
              "application/json": media({
                type: "object",
                required: ["ticket", "expiresInMs"],
                properties: { ticket: { type: "string" }, expiresInMs: { const: 30_000 } },
              }),
            },
          },
          ...problems("QUERY_INVALID", "NOT_FOUND", "RATE_LIMITED"),
        },
      },
    },
    "/revocations": {
      get: {
        operationId: "listRevocations",
        tags: ["credentials"],
        summary: "List what was revoked: for administrators of the whole server.",
        responses: {
          "200": { description: "All there are.", content: { "application/json": media(list()) } },
          ...problems("QUERY_INVALID", "NOT_FOUND"),
        },
      },
      post: revoke("revoke", "Take a token, a key, or all tokens of a subject back, before their time."),
      delete: revoke("restore", "Make it as if that had never been revoked."),
    },
  };
}

function revoke(operationId: string, summary: string): object {
  return {
    operationId,
    tags: ["credentials"],
    summary,
    description:
      "For administrators of the whole server. In force on this node once it is answered, and on the others that share the log " +
      "within a second: open connections that it concerns are closed.",
    requestBody: {
      required: true,
      content: { "application/json": media(target) },
    },
    responses: {
      "204": { description: "It is so." },
      ...problems(
        "QUERY_INVALID",
        "BODY_INVALID",
        "BATCH_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "NOT_FOUND",
        "LOG_UNAVAILABLE",
        "LOG_FULL",
        "CHANNEL_FULL",
      ),
    },
  };
}

function list(): object {
  return {
    type: "object",
    required: ["revocations"],
    properties: {
      revocations: {
        type: "array",
        items: {
          type: "object",
          required: ["at"],
          properties: { token: name, subject: name, key: name, at: { type: "string", format: "date-time" } },
        },
      },
    },
  };
}

function described(property: string, description: string): object {
  return {
    type: "object",
    additionalProperties: false,
    required: [property],
    properties: { [property]: { ...name, description } },
  };
}
