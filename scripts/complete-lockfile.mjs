// Adds to package-lock.json the other platforms' optional packages that npm left out of it.
//
// npm drops an optional package from the lockfile when the registry does not have it at that moment (a
// mirror that lags, for one), and then `npm ci` refuses the lockfile on every platform. Run this after
// such an `npm install`. What it adds has a version and a platform and no checksum.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { runAsScript, say } from "./say.mjs";

const operatingSystems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

/** Reads a platform from a package's name: `@oxlint/binding-linux-arm64-musl`. @param {string} name */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.find((word) => operatingSystems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc =
    os !== "linux" ? undefined : /musl/.test(name) ? "musl" : /gnu/.test(name) ? "glibc" : undefined;
  return { cpu: [cpu], libc: libc === undefined ? {} : { libc: [libc] }, os: [os] };
}

await runAsScript(import.meta.url, async () => {
  const path = join(root, "package-lock.json");
  const lockfile = JSON.parse(readFileSync(path, "utf8"));
  let added = 0;
  for (const entry of Object.values(lockfile.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const place = `node_modules/${name}`;
      const platform = platformOf(name);
      if (place in lockfile.packages || platform === undefined) continue;
      if (!/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${name}@${version} is not an exact version: add it by hand.`);
      const { cpu, libc, os } = platform;
      const dev = entry.dev ? { dev: true } : {};
      // In the order in which npm writes the fields, so that its next install changes nothing here.
      lockfile.packages[place] = { version, cpu, ...dev, ...libc, optional: true, os };
      added += 1;
    }
  }
  lockfile.packages = Object.fromEntries(
    Object.entries(lockfile.packages).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  writeFileSync(path, `${JSON.stringify(lockfile, null, 2)}\n`);
  say(`${added} packages of other platforms added to package-lock.json`);
  return 0;
});
