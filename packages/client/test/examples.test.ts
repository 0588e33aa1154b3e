import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describeInBrowser, launchBrowser, openTab } from "@tidings/testing/browser";
import { readDoc, root, tableOf } from "@tidings/testing/docs";
import { expect, test } from "vitest";
import { openServer } from "./support/server.ts";

const exec = promisify(execFile);

test("examples/README.md has each example", () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const named = tableOf(readDoc("examples/README.md")).map(([cell = ""]) => /\[([\w-]+)\]/.exec(cell)?.[1]);
  expect(named).toEqual(folders.map(({ name }) => name).toSorted());
});

test("01-hello publishes and reads", async () => {
  await using server = await openServer();
  const { stdout } = await exec(process.execPath, ["examples/01-hello/hello.mjs", server.url], { cwd: root });
  expect(stdout).toMatch(/^hello \w+\.1\nworld \w+\.2\n$/);
});

describeInBrowser("02-page", () => {
  test("what one window publishes is in the other one, and in one that is opened later", async () => {
    await using app = await startApp();
    const browser = await launchBrowser();
    try {
      await using one = await openTab(browser);
      await using other = await openTab(browser);
      for (const { page } of [one, other]) await page.goto(app.url);
      await one.page.getByText("live over sse").waitFor();
      await one.page.getByRole("textbox").fill("<b>first</b>");
      await one.page.getByRole("button").click();
      await other.page.getByRole("listitem").getByText("<b>first</b>", { exact: true }).waitFor();

      await using later = await openTab(browser);
      await later.page.goto(app.url);
      await later.page.getByRole("listitem").getByText("<b>first</b>", { exact: true }).waitFor();
      expect(await later.page.getByRole("listitem").count()).toBe(1);
      expect([...one.faults, ...other.faults, ...later.faults]).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});

async function startApp(): Promise<{ readonly url: string } & AsyncDisposable> {
  const child: ChildProcess = spawn(process.execPath, ["examples/02-page/server.mjs", "0"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line")) as [
    string,
  ];
  return {
    url: line.replace("open ", ""),
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}
