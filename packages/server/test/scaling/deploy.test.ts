import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "@tidings/testing";
import { root } from "@tidings/testing/docs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULTS } from "../../src/config/defaults.ts";
import { Running } from "../cli/support/tidings.ts";

const LAUNCHER = join(root, "packages/server/bin/tidings.js");
/** What a server takes to stop beside `drainMs`, in milliseconds (docs/operating.md, "Stopping and deploys"). */
const STOP_MS = 3_000;
/** Of 10, as `systemd-analyze security` has it, times 10: below it says OK, and from 5.0 on MEDIUM. */
const MOST_EXPOSED = 20;

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "tidings-deploy-"))));
afterAll(() => rm(folder, { recursive: true }));

/** A command as a file has it, run by the built command line; its folders are in the test's own. */
function run(words: readonly string[], env: Readonly<Record<string, string>>): Running {
  const own = words.map((word) => word.replace(/^\/(?=etc\/|var\/|data$)/, `${folder}/`));
  return new Running(own, { env });
}

describe("deploy/tidings.service", () => {
  const text = readFileSync(join(root, "deploy/tidings.service"), "utf8");
  const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";

  test.skipIf(spawnSync("systemd-analyze", ["--version"]).status !== 0)(
    "is what systemd takes, and leaves a server little to do harm with (systemd-analyze is installed)",
    async () => {
      const file = join(folder, "tidings.service");
      await writeFile(file, text.replace("=/usr/bin/tidings", `=${LAUNCHER}`));
      const verified = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
      expect(verified).toMatchObject({ status: 0, stderr: "" });
      const security = ["security", "--offline=true", `--threshold=${MOST_EXPOSED}`, file];
      const exposed = spawnSync("systemd-analyze", security, { encoding: "utf8" });
      expect(exposed.status, exposed.stdout).toBe(0);
    },
  );

  test("its command starts a server, which ends with 0 on SIGTERM, and well within what systemd waits", async () => {
    const [program, ...words] = setting("ExecStart").split(" ");
    expect(program).toBe("/usr/bin/tidings");
    const config = join(folder, "tidings.config.json");
    await writeFile(config, "{}");
    const port = await ownPort();
    await using server = run(
      words.map((word) => word.replace("/etc/tidings/tidings.config.json", config)),
      { TIDINGS_PORT: `${port}` },
    );
    await server.until(({ stdout }) => stdout.includes(`:${port}`));
    server.process.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(1_000 * Number.parseInt(setting("TimeoutStopSec"), 10)).toBeGreaterThan(
      DEFAULTS.drainMs + STOP_MS,
    );
    expect(Number(setting("LimitNOFILE"))).toBeGreaterThanOrEqual(DEFAULTS.limits.maxConnections + 64);
  });
});

describe("deploy/Containerfile", () => {
  const text = readFileSync(join(root, "deploy/Containerfile"), "utf8");
  /** The last of its kind: of the image, and not of what it was built in. */
  const instruction = (name: string): string =>
    [...text.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].at(-1)?.[1] ?? "";
  const words = (name: string): readonly string[] =>
    JSON.parse(instruction(name).replace(/^.*?(?=\[)/, "")) as readonly string[];
  const check = words("HEALTHCHECK");

  function isHealthy(port: number): boolean {
    const [program, ...args] = check.map((word) => word.replace(":8080", `:${port}`));
    expect(program).toBe("node");
    return spawnSync(process.execPath, args).status === 0;
  }

  test("its server does not answer a network before it is told who may use it", async () => {
    await using server = run(words("CMD"), {});
    expect((await server.ended).code).not.toBe(0);
    expect(server.stderr).toContain("authentication");
  });

  test("its command starts a server that its health check finds, as another user than root, with its data on the volume", async () => {
    expect(words("ENTRYPOINT")).toEqual(["node", "/tidings/node_modules/tidings/bin/tidings.js"]);
    expect(instruction("USER")).toBe("node");
    expect(instruction("VOLUME")).toBe("/data");
    expect(instruction("EXPOSE")).toBe(`${DEFAULTS.port}`);
    const port = await ownPort();
    await using server = run(words("CMD"), { TIDINGS_PORT: `${port}`, TIDINGS_OPEN: "true" });
    await server.until(({ stdout }) => stdout.includes(`:${port}`));
    expect(existsSync(join(folder, "data", "data.mdb"))).toBe(true);
    expect(isHealthy(port)).toBe(true);
    server.process.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(isHealthy(port)).toBe(false);
  });

  test("it packs the package `tidings` and all of the workspace that it needs, for a Node.js that is new enough", () => {
    const packed = [...text.matchAll(/--workspace (\S+)/g)].map(([, path = ""]) => manifestOf(path));
    const names = packed.map(({ name }) => name);
    expect(names).toContain("tidings");
    for (const { name, dependencies = {} } of packed)
      for (const needed of Object.keys(dependencies).filter((each) => each.startsWith("@tidings/")))
        expect(names, `${name} needs ${needed}`).toContain(needed);
    const [, major] = /^node:(\d+)-slim$/.exec(instruction("FROM").replace("docker.io/library/", "")) ?? [];
    expect(Number(major)).toBeGreaterThan(22);
  });
});

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as Manifest;
}
