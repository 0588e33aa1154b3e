import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/index.ts";
import { tidings } from "../cli/support/tidings.ts";

const SECRET = `whsec_${Buffer.alloc(24, "s").toString("base64")}`;
const ENTRY = { pattern: "evals.*", url: "http://127.0.0.1:9000/tidings", timeoutMs: "2m", retries: 0 };

async function load(commands: unknown, others: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const environment = {
    TIDINGS_COMMANDS: typeof commands === "string" ? commands : JSON.stringify(commands),
    ...others,
  };
  return (await loadConfig({ folder: "/", environment })).config.commands;
}

test("backends of commands are read with their times in milliseconds", async () => {
  const entry = { ...ENTRY, secret: SECRET };
  expect(await load([entry])).toEqual([{ ...entry, timeoutMs: 120_000 }]);
});

test.each([
  ["a pattern that is none", { pattern: "evals/**" }, "commands[0].pattern"],
  ["a URL of another scheme", { url: "ftp://a" }, "commands[0].url"],
  ["a URL with a credential", { url: "http://me:hunter2@a/" }, "commands[0].url"],
  ["a secret that is too short", { secret: "whsec_aHVudGVyMg==" }, "commands[0].secret"],
  ["a variable without a secret", { secret: "env:NO_SUCH_SECRET" }, "NO_SUCH_SECRET"],
  ["more tries than may be", { retries: 11 }, "commands[0].retries"],
  ["a field that is none", { sekret: "x" }, "did you mean commands[0].secret?"],
])("%s is told with its field, and no secret", async (_, wrong, told) => {
  const error = await load([{ ...ENTRY, ...wrong }]).catch((each: unknown) => String(each));
  expect(error).toContain(told);
  expect(error).not.toMatch(/hunter2|aHVudGVyMg/);
});

test("text that is not JSON is not shown, since a secret may be a part of it", async () => {
  const error = await load(`[{"secret":"${SECRET}"`).catch((each: unknown) => String(each));
  expect(error).toContain("text that is not JSON");
  expect(error).not.toContain(SECRET.slice(6, 20));
});

test("`tidings config --print` shows the name of a secret's variable, and never a secret", async () => {
  const env = {
    TIDINGS_COMMANDS: JSON.stringify([
      { ...ENTRY, secret: SECRET },
      { ...ENTRY, secret: "env:HIDDEN" },
    ]),
    HIDDEN: SECRET,
  };
  for (const args of [["--print"], ["--json"]]) {
    const { code, stdout } = await tidings(["config", ...args], { env });
    expect(code).toBe(0);
    expect(stdout).toContain("env:HIDDEN");
    expect(stdout).not.toContain(SECRET.slice(6));
  }
});
