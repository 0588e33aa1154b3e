import { version } from "../../version.ts";
import { media, text } from "./content.ts";
import { openProblems, problems } from "./problems.ts";

const links = {
  channels: "channels",
  connect: "connect",
  artifacts: "artifacts",
  commands: "commands",
  openapi: "openapi.json",
  metrics: "metrics",
  health: "healthz",
  readiness: "readyz",
} as const;

/** The server's own URLs, by path. */
export function systemOperations(): Readonly<Record<string, object>> {
  return {
    "/": get("about", "What this is, and where everything else is; the dashboard, for a browser's window.", {
      "200": json("The server.", about, { about: { name: "tidings", version, links } }),
    }),
    "/healthz": get("health", "Whether the process answers. It says nothing of the log.", {
      "200": json("It does.", status("alive"), { alive: { status: "alive" } }),
    }),
    "/readyz": get(
      "readiness",
      "Whether messages travel: one is appended, and comes back through the log's tail to a reader. An answer is given again for a second.",
      {
        "200": json(
          "They do.",
          status("ready", {
            travelMs: { type: "number", minimum: 0, description: "How long it took, in milliseconds." },
          }),
          {
            ready: { status: "ready", travelMs: 1.3 },
          },
        ),
        "503": json(
          "They do not, or the server is going down.",
          status(["unready", "draining"], { reason: { type: "string" } }),
        ),
      },
    ),
    "/metrics": {
      get: {
        operationId: "metrics",
        tags: ["system"],
        summary: "Metrics as Prometheus reads them: for administrators of the whole server.",
        responses: {
          ...problems(),
          "200": { description: "The metrics.", content: { "text/plain": media(text) } },
        },
      },
    },
    "/openapi.json": get("openApi", "This document.", {
      "200": json("The document.", { type: "object" }),
    }),
  };
}

const about = {
  type: "object",
  required: ["name", "version", "links"],
  properties: {
    name: { const: "tidings" },
    version: { type: "string" },
    links: { type: "object", additionalProperties: { type: "string" }, description: "Relative to this URL." },
  },
};

/** For all: health is asked for by what has no credential. */
function get(operationId: string, summary: string, responses: Readonly<Record<string, object>>): object {
  const common = { operationId, tags: ["system"], summary, security: [] };
  return { get: { ...common, responses: { ...openProblems(), ...responses } } };
}

function json(description: string, schema: object, examples: Readonly<Record<string, unknown>> = {}): object {
  return { description, content: { "application/json": media(schema, examples) } };
}

function status(value: string | readonly string[], others: Readonly<Record<string, object>> = {}): object {
  const values = typeof value === "string" ? [value] : value;
  return { type: "object", required: ["status"], properties: { status: { enum: values }, ...others } };
}
