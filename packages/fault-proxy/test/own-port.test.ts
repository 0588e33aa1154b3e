import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const module = new URL("../dist/own-port.js", import.meta.url).href;

/** The ports that a process of its own is given. */
function portsOf(count: number): { readonly pid: number; readonly ports: readonly number[] } {
  const script = `
    import { ownPort } from ${JSON.stringify(module)};
    const ports = [];
    while (ports.length < ${count}) ports.push(await ownPort());
    console.log(JSON.stringify({ pid: process.pid, ports }));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return JSON.parse(stdout) as { readonly pid: number; readonly ports: readonly number[] };
}

test("a process is given ports of its own share, each once, and any where that is used up", () => {
  const few = portsOf(100);
  const first = 20_000 + ((few.pid * 500) % 10_000);
  expect(new Set(few.ports).size).toBe(100);
  expect(few.ports.filter((port) => port < first || port >= first + 500)).toEqual([]);

  const many = portsOf(700).ports;
  expect(new Set(many).size).toBe(700);
  expect(many.filter((port) => port < 20_000 || port >= 30_000)).toEqual([]);
});
