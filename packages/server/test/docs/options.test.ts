import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_RETENTION } from "@tidings/core";
import { describe, expect, test } from "vitest";
import { flagValues } from "../../src/cli/config/flags.ts";
import { DEFAULTS } from "../../src/config/defaults.ts";
import { FIELDS, valueAt } from "../../src/config/fields.ts";
import { loadConfig } from "../../src/config/load.ts";
import { checkLayer, LIMIT_NAMES } from "../../src/config/schema.ts";
import { parseDuration, parseSize, parseWhole } from "../../src/config/units.ts";
import { blocksOf, readDoc, sectionOf, tableOf, sorted } from "@tidings/testing/docs";
import { captureProgram } from "./support/program.ts";

const document = readDoc("docs/reference/options.md");
const rows = tableOf(sectionOf(document, "## Fields")).map(
  ([field = "", flag, variable, value, allowed]) => ({
    field,
    flag,
    variable,
    value,
    allowed,
  }),
);

describe("docs/reference/options.md: fields", () => {
  test("has the fields that the configuration has, each with its variable", () => {
    const documented = rows.map(({ field, variable }) => [field, variable]);
    expect(sorted(documented)).toEqual(sorted(FIELDS.map(({ name, variable }) => [name, variable])));
  });

  test("has the defaults that hold", () => {
    for (const { field, value } of rows) {
      const held = valueAt(DEFAULTS, field.split(".")) as unknown;
      expect(value, field).toBe(typeof held === "string" ? held : JSON.stringify(held));
    }
  });

  test("has the flags that set them", async () => {
    const program = await captureProgram();
    const options = program.commands.find((command) => command.name() === "serve")?.options ?? [];
    const flags = new Map<string, string | undefined>();
    for (const option of options) {
      const [given] = flagValues({ [option.attributeName()]: option.long === "--limit" ? [] : "1" });
      if (given !== undefined) flags.set(given.field, option.long ?? undefined);
    }
    for (const name of LIMIT_NAMES) flags.set(`limits.${name}`, "--limit");
    const documented = rows.filter(({ flag }) => flag !== "").map(({ field, flag }) => [field, flag]);
    expect(sorted(documented)).toEqual(sorted([...flags]));
  });

  test("says what is allowed in the words of the check itself", () => {
    for (const { field, allowed } of rows) {
      if (field !== "policies") expect(allowed, field).toBe(allowedFor(field));
    }
    const tooMany = checkLayer({ policies: Array.from({ length: 10_001 }, () => ({ pattern: "a" })) });
    expect(tooMany.isValid ? "" : tooMany.issues[0]?.allowed).toContain("at most 10000");
  });
});

describe("docs/reference/options.md: policies", () => {
  const policyRows = tableOf(sectionOf(document, "## Policies"));

  test("has the fields that a policy has", () => {
    const known = knownNames({ policies: [{ pattern: "a", x: 1 }] });
    const retention = knownNames({ policies: [{ pattern: "a", retention: { x: 1 } }] }).map(
      (name) => `retention.${name}`,
    );
    const names = [...known.filter((name) => name !== "retention"), ...retention];
    expect(sorted(policyRows.map(([field]) => field))).toEqual(sorted(names));
  });

  test("says what is allowed in the words of the check itself", () => {
    for (const [field = "", , allowed] of policyRows) {
      const raw = field.startsWith("retention.") ? { retention: { [field.slice(10)]: {} } } : { [field]: {} };
      const checked = checkLayer({ policies: [{ pattern: "a", ...raw }] });
      expect(allowed, field).toBe(brief(checked.isValid ? "" : (checked.issues[0]?.allowed ?? "")));
    }
  });

  test("has the retention that holds where a policy says nothing", () => {
    const defaults = Object.fromEntries(policyRows.map(([field = "", value = ""]) => [field, value]));
    expect({
      maxMessages: parseWhole(defaults["retention.maxMessages"]?.replaceAll(",", "")),
      maxBytes: parseSize(defaults["retention.maxBytes"]),
      maxAgeMs: parseDuration(defaults["retention.maxAgeMs"]),
    }).toEqual(DEFAULT_RETENTION);
  });
});

describe("docs/reference/options.md: authentication", () => {
  const section = sectionOf(document, "## Authentication");

  test("has the fields that a key has", () => {
    const names = tableOf(section).map(([field]) => field);
    expect(sorted(names)).toEqual(sorted(knownNames({ auth: { jwt: [{ x: 1 }] } })));
  });

  test("says what is allowed in the words of the check itself", () => {
    for (const [field = "", , allowed] of tableOf(section)) {
      const checked = checkLayer({ auth: { jwt: [{ [field]: {} }] } });
      expect(allowed, field).toBe(brief(checked.isValid ? "" : (checked.issues[0]?.allowed ?? "")));
    }
  });

  test("shows a configuration that is taken", async () => {
    const block = blocksOf(document).find(({ tag }) => tag === "json auth");
    const folder = await mkdtemp(join(tmpdir(), "tidings-docs-"));
    try {
      await writeFile(join(folder, "tidings.config.json"), block?.text ?? "");
      const { auth } = await loadConfig({ folder, environment: { JWT_SECRET: "s".repeat(32) } });
      expect(auth).toMatchObject({ audience: "tidings", anonymous: { subscribe: ["public/**"] } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("docs/reference/options.md: the application's own say", () => {
  const callbackRows = tableOf(sectionOf(document, "### The application's own say"));

  test("has the fields that it has", () => {
    const known = knownNames({ auth: { callback: { url: "https://app.example/", x: 1 } } });
    expect(sorted(callbackRows.map(([field]) => field))).toEqual(sorted(known));
  });

  test("says what is allowed in the words of the check itself", () => {
    for (const [field = "", , allowed] of callbackRows) {
      const checked = checkLayer({ auth: { callback: { url: "https://app.example/", [field]: {} } } });
      expect(allowed, field).toBe(brief(checked.isValid ? "" : (checked.issues[0]?.allowed ?? "")));
    }
  });
});

test("the configuration file shown is one that the server takes", async () => {
  const block = blocksOf(document).find(({ tag }) => tag === "js config");
  const folder = await mkdtemp(join(tmpdir(), "tidings-docs-"));
  try {
    await writeFile(join(folder, "tidings.config.mjs"), block?.text ?? "");
    const { config } = await loadConfig({ folder, environment: {} });
    expect(config).toMatchObject({ port: 9000, limits: { maxMessageBytes: 262_144, heartbeatMs: 10_000 } });
    expect(config.policies[0]?.retention).toEqual({
      ...DEFAULT_RETENTION,
      maxAgeMs: 604_800_000,
      maxMessages: 100_000,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** What the schema says of a value that no field takes. */
function allowedFor(field: string): string {
  const text = FIELDS.find(({ name }) => name === field)?.text;
  const wrong: unknown = text === "list" ? ["§ §"] : text === "json" ? "§" : {};
  const raw = field.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), wrong);
  const checked = checkLayer(raw);
  return brief(checked.isValid ? "" : (checked.issues[0]?.allowed ?? ""));
}

/** Without the examples and notes that follow. */
function brief(allowed: string): string {
  return allowed.split(/ \(|: |, such as |; /)[0] ?? "";
}

function knownNames(raw: unknown): readonly string[] {
  const checked = checkLayer(raw);
  return checked.isValid ? [] : (checked.issues[0]?.known ?? []);
}
