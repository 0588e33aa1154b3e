// The programs of the system that tests run against. Installed with apt-get where that is possible (root on
// Debian). Elsewhere what is missing is said, and its tests are skipped by name; with REQUIRE_ALL=1 or CI set
// it is a failure.
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { withLock } from "./lock.mjs";
import { run } from "./run.mjs";
import { runAsScript, say } from "./say.mjs";

/** Asked before a service is started, where it is there. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";

/** Add a line for each further program. `debian` is the name of its Debian package. */
const programs = [
  { command: "chromium", debian: "chromium", for: "the tests in a real browser" },
  { command: "curl", debian: "curl", for: "the documents' examples, and downloads that go on" },
  { command: "haproxy", debian: "haproxy", for: "the test that no proxy can be made to smuggle requests in" },
  { command: "nginx", debian: "nginx", for: "the same" },
  { command: "nats-server", debian: "nats-server", for: "the log on NATS JetStream" },
  { command: "redis-server", debian: "redis-server", for: "the log on Redis" },
  { command: "strace", debian: "strace", for: "the test that a log is on the disk before it says so" },
];

/** @returns {Promise<string | undefined>} what is missing and why, when something is */
export async function ensureSystem() {
  if (missing().length === 0) return undefined;
  if (canInstall()) await withLock("installing Debian packages", install);
  const lacking = missing();
  if (lacking.length === 0) return undefined;
  const what = lacking.map((program) => `${program.command} (${program.for})`).join(", ");
  const problem = `not installed: ${what}; install it, or run as root on Debian, where this script does`;
  if (isSet("REQUIRE_ALL") || isSet("CI")) throw new Error(problem);
  say(problem);
  return problem;
}

function missing() {
  return programs.filter((program) => !isOnPath(program.command));
}

/** @param {string} command */
function isOnPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && isOnPath("apt-get");
}

async function install() {
  const names = missing().map((program) => program.debian);
  if (names.length === 0) return; // another run has just done it
  say(`installing Debian packages: ${names.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-q", "-o", "DPkg::Lock::Timeout=600"];
  const allow = forbidServices();
  try {
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...names]]) {
      const code = await run("apt-get", [...wait, ...args], { env, stdio: ["ignore", 2, 2] });
      if (code !== 0) return say(`\`apt-get ${args.join(" ")}\` failed with exit code ${code}.`);
    }
  } finally {
    allow();
  }
}

/** Debian starts what it installs, on the ports that it is known by; the tests start their own. Answers how to allow it again. */
function forbidServices() {
  if (existsSync(SERVICE_POLICY)) return () => undefined; // the machine's own say
  // 101: "action forbidden by policy" (Debian Policy §9.3.3.1, invoke-rc.d).
  writeFileSync(SERVICE_POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return () => rmSync(SERVICE_POLICY, { force: true });
}

/** @param {string} name of an environment variable */
function isSet(name) {
  return !["", "0", "false", undefined].includes(process.env[name]);
}

await runAsScript(import.meta.url, async () => {
  await ensureSystem();
  return 0;
});
