import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_RETENTION } from "@tidings/core";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { ConfigError, FIELDS, loadConfig, type LoadOptions } from "../../src/config/index.ts";

interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** A working folder with these files in it. */
async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "tidings-config-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function load(folder: Folder, options: LoadOptions = {}): ReturnType<typeof loadConfig> {
  return loadConfig({ folder: folder.path, environment: {}, ...options });
}

/** The lines of the error, without its first. */
async function problemsOf(folder: Folder, options: LoadOptions = {}): Promise<readonly string[]> {
  const error: unknown = await load(folder, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError))
    throw new Error("the configuration was taken as valid", { cause: error });
  expect(error.code).toBe("CONFIG_INVALID");
  return error.message.split("\n").slice(1);
}

const json = (value: unknown): Readonly<Record<string, string>> => ({
  "tidings.config.json": JSON.stringify(value),
});

describe("where the configuration comes from", () => {
  test("with nothing given, it is the documented defaults", async () => {
    await using folder = await folderWith();
    const { config } = await load(folder);
    expect(config).toEqual({
      host: "127.0.0.1",
      port: 8_080,
      open: false,
      workers: 1,
      data: join(folder.path, "data"),
      log: "lmdb",
      redis: { prefix: "tidings:", waitMs: 1_000, timeoutMs: 5_000, replicas: 0, ca: null },
      nats: { prefix: "tidings", waitMs: 1_000, timeoutMs: 5_000, replicas: 1, ca: null, credentials: null },
      node: null,
      allowedHosts: [],
      trustedProxies: [],
      cors: { origins: [] },
      auth: {
        jwt: [],
        issuer: null,
        audience: null,
        clockToleranceMs: 10_000,
        keys: join(folder.path, "data", "keys.json"),
        cookie: null,
        anonymous: {},
        callback: null,
      },
      limits: DEFAULT_LIMITS,
      compression: "http",
      drainMs: 5_000,
      logLevel: "info",
      logFormat: "auto",
      policies: [],
      commands: [],
    });
  });

  test("flags win over the environment, which wins over the file, which wins over the defaults, field by field", async () => {
    await using folder = await folderWith(
      json({ port: 1_001, host: "::1", drainMs: "1s", limits: { maxFilterEvents: 5 } }),
    );
    const { config, sources } = await load(folder, {
      environment: { TIDINGS_PORT: "1002", TIDINGS_DRAIN_MS: "2s", TIDINGS_LIMITS_HEARTBEAT_MS: "20s" },
      flags: [{ field: "port", flag: "--port", value: "1003" }],
    });
    expect(config).toMatchObject({ port: 1_003, drainMs: 2_000, host: "::1", logLevel: "info" });
    expect(config.limits).toEqual({ ...DEFAULT_LIMITS, maxFilterEvents: 5, heartbeatMs: 20_000 });
    expect(sources.get("port")).toEqual({ kind: "flag", name: "--port" });
    expect(sources.get("drainMs")).toEqual({ kind: "environment", name: "TIDINGS_DRAIN_MS" });
    expect(sources.get("host")).toEqual({ kind: "file", name: "tidings.config.json" });
    expect(sources.get("limits.maxFilterEvents")).toEqual({ kind: "file", name: "tidings.config.json" });
    expect(sources.get("logLevel")).toEqual({ kind: "default" });
  });

  test.each([
    ["tidings.config.json", '\uFEFF{"port": 9001}'],
    ["tidings.config.mjs", "export default { port: 9001 };"],
    ["tidings.config.js", "export default { port: 9001 };"],
    // An enum is more than types to strip: Node alone would refuse it.
    ["tidings.config.ts", "enum Ports { live = 9001 }\nexport default { port: Ports.live as number };"],
  ])("%s in the working folder is read", async (name, text) => {
    await using folder = await folderWith({ [name]: text });
    expect((await load(folder)).config.port).toBe(9_001);
  });

  test("another file is named by --config, or by TIDINGS_CONFIG", async () => {
    await using folder = await folderWith({
      "tidings.config.json": '{"port": 1}',
      "other.json": '{"port": 2}',
    });
    expect((await load(folder, { file: "other.json" })).config.port).toBe(2);
    expect((await load(folder, { environment: { TIDINGS_CONFIG: "other.json" } })).config.port).toBe(2);
  });

  test("a data folder in a file is from the file's folder on, any other from the working folder", async () => {
    await using folder = await folderWith();
    await using elsewhere = await folderWith({ "t.json": '{"data": "./here"}' });
    const file = join(elsewhere.path, "t.json");
    expect((await load(folder, { file })).config.data).toBe(join(elsewhere.path, "here"));
    expect((await load(folder, { file, environment: { TIDINGS_DATA: "./here" } })).config.data).toBe(
      join(folder.path, "here"),
    );
  });

  test("every field has an environment variable, and an empty one counts as not set", async () => {
    await using folder = await folderWith();
    const variables = FIELDS.map(({ variable }) => variable);
    expect(new Set(variables).size).toBe(FIELDS.length);
    expect(variables).toEqual(
      expect.arrayContaining([
        "TIDINGS_ALLOWED_HOSTS",
        "TIDINGS_CORS_ORIGINS",
        "TIDINGS_LIMITS_MAX_MESSAGE_BYTES",
      ]),
    );
    const environment = Object.fromEntries(variables.map((variable) => [variable, ""]));
    expect((await load(folder, { environment })).config).toEqual((await load(folder)).config);
  });

  test("in the environment lists are parted by commas, yes and no may be words or digits, and policies are JSON", async () => {
    await using folder = await folderWith();
    const { config } = await load(folder, {
      environment: {
        TIDINGS_ALLOWED_HOSTS: "Live.example, [::1]:8080",
        TIDINGS_CORS_ORIGINS: "https://app.example/,http://localhost:3000",
        TIDINGS_OPEN: "1",
        TIDINGS_POLICIES: '[{"pattern": "a/**", "publish": "server"}]',
      },
    });
    expect(config).toMatchObject({
      allowedHosts: ["live.example", "[::1]:8080"],
      cors: { origins: ["https://app.example", "http://localhost:3000"] },
      open: true,
      policies: [{ pattern: "a/**", publish: "server" }],
    });
  });

  test("what Kubernetes sets beside a service called tidings is not taken for configuration", async () => {
    await using folder = await folderWith();
    const environment = {
      TIDINGS_SERVICE_HOST: "10.0.0.1",
      TIDINGS_SERVICE_PORT_HTTP: "80",
      TIDINGS_PORT: "tcp://10.0.0.1:80",
      TIDINGS_PORT_80_TCP_ADDR: "10.0.0.1",
    };
    expect((await load(folder, { environment })).config.port).toBe(8_080);
  });

  test("a policy's unlimited retention is null or Infinity, and what it leaves out is as everywhere", async () => {
    await using folder = await folderWith(
      json({
        policies: [
          { pattern: "evals/**", retention: { maxMessages: null, maxAgeMs: "Infinity", maxBytes: "1GiB" } },
          { pattern: "**" },
        ],
      }),
    );
    expect((await load(folder)).config.policies).toEqual([
      {
        pattern: "evals/**",
        retention: { maxMessages: Infinity, maxBytes: 1_073_741_824, maxAgeMs: Infinity },
        maxMessageBytes: DEFAULT_LIMITS.maxMessageBytes,
        publish: "anyone",
        ephemeralOnly: false,
        inlineBytes: DEFAULT_LIMITS.inlineBytes,
        maxArtifactBytes: DEFAULT_LIMITS.maxArtifactBytes,
        compact: false,
        conflate: false,
        presence: true,
      },
      {
        pattern: "**",
        retention: DEFAULT_RETENTION,
        maxMessageBytes: DEFAULT_LIMITS.maxMessageBytes,
        publish: "anyone",
        ephemeralOnly: false,
        inlineBytes: DEFAULT_LIMITS.inlineBytes,
        maxArtifactBytes: DEFAULT_LIMITS.maxArtifactBytes,
        compact: false,
        conflate: false,
        presence: true,
      },
    ]);
  });
});

describe("what is wrong with a configuration", () => {
  test("is told all at once, each with its source, its field, what was found and what is allowed", async () => {
    await using folder = await folderWith(json({ port: 70_000, limits: { maxMessageBytes: "5 parsecs" } }));
    const problems = await problemsOf(folder, {
      environment: { TIDINGS_LOG_LEVEL: "loud" },
      flags: [{ field: "drainMs", flag: "--drain", value: "1y" }],
    });
    expect(problems).toEqual([
      "  file tidings.config.json: port is 70000; it must be a whole number from 0 to 65,535 (0: any free port).",
      expect.stringMatching(
        /^ {2}file tidings\.config\.json: limits\.maxMessageBytes is "5 parsecs"; it must be a size from 1 byte to 64 MiB/,
      ),
      expect.stringMatching(
        /^ {2}environment TIDINGS_LOG_LEVEL: logLevel is "loud"; it must be "trace" or "debug" or/,
      ),
      expect.stringMatching(/^ {2}flag --drain: drainMs is "1y"; it must be a time from 0 ms to 10 minutes/),
    ]);
  });

  test("an unknown field is refused with the nearest known one, at every depth", async () => {
    await using folder = await folderWith(
      json({
        prot: 1,
        limits: { maxMesageBytes: 1 },
        cors: { origin: [] },
        policies: [{ pattern: "a", retention: { maxAge: 1 } }],
        zzz: 1,
      }),
    );
    const problems = (await problemsOf(folder)).join("\n");
    expect(problems).toContain("prot is no field; did you mean port?");
    expect(problems).toContain("limits.maxMesageBytes is no field; did you mean limits.maxMessageBytes?");
    expect(problems).toContain("cors.origin is no field; did you mean cors.origins?");
    expect(problems).toContain(
      "policies[0].retention.maxAge is no field; did you mean policies[0].retention.maxAgeMs?",
    );
    expect(problems).toContain("zzz is no field; the fields here are host, port,");
  });

  test("an unknown variable is refused with the nearest known one", async () => {
    await using folder = await folderWith();
    expect(await problemsOf(folder, { environment: { TIDINGS_PROT: "1" } })).toEqual([
      "  environment TIDINGS_PROT: no field has this variable; did you mean TIDINGS_PORT?",
    ]);
  });

  test("a log of a later version is not in this one, and a password in its URL is not shown", async () => {
    await using folder = await folderWith();
    const [problem] = await problemsOf(folder, { environment: { TIDINGS_LOG: "redis://me:se/cret@host/0" } });
    expect(problem).toContain("not in this version");
    expect(problem).not.toContain("cret");
  });

  test.each([
    [{ host: "a b" }, "host"],
    [{ host: "http://x" }, "host"],
    [{ port: -1 }, "port"],
    [{ port: "80a" }, "port"],
    [{ port: 1.5 }, "port"],
    [{ open: "maybe" }, "open"],
    [{ data: "" }, "data"],
    [{ log: "sqlite" }, "log"],
    [{ allowedHosts: ["https://x"] }, "allowedHosts[0]"],
    [{ allowedHosts: "x" }, "allowedHosts"],
    [{ cors: { origins: ["https://app.example/path"] } }, "cors.origins[0]"],
    [{ cors: { origins: ["app.example"] } }, "cors.origins[0]"],
    [{ cors: [] }, "cors"],
    [{ limits: { maxBatchMessages: 0 } }, "limits.maxBatchMessages"],
    [{ limits: { maxConnections: 1e12 } }, "limits.maxConnections"],
    [{ limits: { heartbeatMs: "2m" } }, "limits.heartbeatMs"],
    [{ drainMs: "11m" }, "drainMs"],
    [{ policies: [{}] }, "policies[0].pattern"],
    [{ policies: [{ pattern: "a//b" }] }, "policies[0].pattern"],
    [{ policies: [{ pattern: "a/**/b" }] }, "policies[0].pattern"],
    [{ policies: [{ pattern: "a", publish: "me" }] }, "policies[0].publish"],
    [{ policies: [{ pattern: "a", retention: { maxMessages: -1 } }] }, "policies[0].retention.maxMessages"],
    [{ policies: ["a"] }, "policies[0]"],
  ])("%j is refused at %s", async (value, field) => {
    await using folder = await folderWith(json(value));
    expect(await problemsOf(folder)).toEqual([expect.stringContaining(`json: ${field} is `)]);
  });

  test.each([
    [
      { limits: { longPollDefaultMs: "61s" } },
      "limits.longPollDefaultMs is 61000; it must be at most limits.longPollMaxMs, which is 60000",
    ],
    [
      { limits: { longPollMaxMs: "20s" } },
      "limits.longPollMaxMs is 20000; it must be at least limits.longPollDefaultMs",
    ],
    [
      { limits: { maxMessageBytes: "4MiB" } },
      "limits.maxMessageBytes is 4194304; it must be at most limits.maxFrameBytes",
    ],
    [{ limits: { pingMs: "5s" } }, "limits.pingMs is 5000; it must be at least limits.pongTimeoutMs"],
    [
      { policies: [{ pattern: "a", maxMessageBytes: "2MiB" }] },
      "policies[0].maxMessageBytes is 2097152; it must be at most limits.maxMessageBytes",
    ],
    [
      { limits: { maxCommandTimeoutMs: "20s" } },
      "limits.maxCommandTimeoutMs is 20000; it must be at least limits.commandTimeoutMs",
    ],
    [
      { limits: { presenceTtlMs: "2d" } },
      "limits.presenceTtlMs is 172800000; it must be at most limits.maxPresenceTtlMs",
    ],
    [
      { policies: [{ pattern: "a", maxArtifactBytes: "6GiB" }] },
      "policies[0].maxArtifactBytes is 6442450944; it must be at most limits.maxArtifactBytes",
    ],
    [
      { policies: [{ pattern: "a", ephemeralOnly: true, compact: true }] },
      "policies[0].compact is given with ephemeralOnly",
    ],
    [
      { policies: [{ pattern: "a", ephemeralOnly: true, retention: {} }] },
      "policies[0].retention is given with ephemeralOnly",
    ],
  ])("fields that contradict each other are refused: %j", async (value, message) => {
    await using folder = await folderWith(json(value));
    expect(await problemsOf(folder)).toEqual([
      expect.stringContaining(`file tidings.config.json: ${message}`),
    ]);
  });

  test("a value that another source overrides is checked all the same", async () => {
    await using folder = await folderWith(json({ port: "x" }));
    expect(await problemsOf(folder, { environment: { TIDINGS_PORT: "1" } })).toHaveLength(1);
  });

  test.each([
    [
      "two files",
      { "tidings.config.js": "export default {}", "tidings.config.json": "{}" },
      /tidings\.config\.json is there too/,
    ],
    ["JSON that is none", { "tidings.config.json": "{port: 1}" }, /cannot be read: .*JSON/],
    [
      "JSON that is no object",
      { "tidings.config.json": "[1]" },
      /the configuration is an array; it must be an object/,
    ],
    [
      "a module without a default export",
      { "tidings.config.mjs": "export const port = 1;" },
      /no default export/,
    ],
    [
      "a module that throws",
      { "tidings.config.mjs": "throw new Error('no disk');" },
      /cannot be read: no disk/,
    ],
    [
      "a default export that is a function",
      { "tidings.config.mjs": "export default () => ({});" },
      /is a function; it must be an object/,
    ],
  ])("%s is refused, naming the file", async (_what, files, message) => {
    await using folder = await folderWith(files as Readonly<Record<string, string>>);
    expect(await problemsOf(folder)).toEqual([expect.stringMatching(/^ {2}file tidings\.config/)]);
    expect((await problemsOf(folder)).join()).toMatch(message);
  });

  test("a file that was named and is not there is an error, not a default", async () => {
    await using folder = await folderWith();
    expect(await problemsOf(folder, { file: "nowhere.json" })).toEqual([
      "  file nowhere.json: there is no such file.",
    ]);
  });
});
