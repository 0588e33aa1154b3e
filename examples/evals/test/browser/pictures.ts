// Makes the pictures of docs/evaluations.md: `node examples/evals/test/browser/pictures.ts`, after `npm run build`, with Node.js 24 or newer.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { channelOf } from "../../shared/channels.ts";
import { withFewColours } from "./small-png.ts";
import { EVALUATIONS, Stage, type Visitor } from "./stage.ts";

const FOLDER = fileURLToPath(new URL("../../../../docs/images/evals", import.meta.url));
const WINDOW = { viewport: { width: 1_200, height: 700 }, name: "Ada", reducedMotion: "reduce" } as const;
const PHONE = { ...WINDOW, viewport: { width: 390, height: 760 }, colorScheme: "dark" } as const;

async function shows({ page }: Visitor, selector: string, text?: string | RegExp): Promise<void> {
  await page
    .locator(selector, text === undefined ? {} : { hasText: text })
    .first()
    .waitFor();
}

async function keep({ page }: Visitor, name: string): Promise<void> {
  await writeFile(`${FOLDER}/${name}.png`, withFewColours(await page.screenshot()));
}

await mkdir(FOLDER, { recursive: true });
await using stage = await Stage.open();
await using platform = await stage.platform({ evaluations: [EVALUATIONS] });
await using ada = await stage.visit(platform.url, WINDOW);
await using dark = await stage.visit(platform.url, { ...WINDOW, name: "Grace", colorScheme: "dark" });
await using phone = await stage.visit(platform.url, PHONE);
const start = async (kind: string, createdBy: string, parameters: object, priority = 0): Promise<string> =>
  platform.start(kind, { createdBy, parameters, priority });

// What has ended: two that did well, and one that was stopped.
const repair = await start("program-repair", "Ada", { tasks: "leap-year,clamp", paceMs: 0 });
const trained = await start("benchmark", "Grace", { steps: 4_000, paceMs: 0, evaluateEvery: 40 });
await Promise.all([platform.ended(repair), platform.ended(trained)]);
const stopped = await start("text-game", "Alan", { turnMs: 200, epsilon: 0.9 });
await platform.until(channelOf(stopped, "metric"), (messages) => messages.length > 2);
await platform.ask("POST", `/api/evaluations/${stopped}/stop`, { by: "Alan" });
await platform.ended(stopped);

// What goes on: two that run, and two that wait for them.
const game = await start("text-game", "Ada", { turnMs: 150, epsilon: 1, maxTurns: 400 });
await start("benchmark", "Grace", { steps: 40_000, paceMs: 60 });
await start("program-repair", "Alan", { tasks: "all" }, 5);
await start("benchmark", "Ada", { steps: 10_000, learningRate: 90 });

await dark.go(`/runs/${game}`);
await ada.go(`/runs/${game}`);
await ada.page.locator(".log-row").nth(15).waitFor();
await shows(ada, ".watcher", "Grace");
for (const [by, text] of [
  ["Grace", "Why does it never light the lamp?"],
  ["Ada", "Epsilon is 1: all it does is at random."],
])
  await platform.ask("POST", `/api/evaluations/${game}/comments`, { by, text });
await shows(ada, ".comment", "at random");
await ada.page.getByLabel("Search the log").fill("> go");
await shows(ada, "mark");
await ada.page.getByLabel("Search the log").press("Enter");
await shows(ada, ".log-current");
await keep(ada, "log");

await dark.part("Debug");
await dark.isConnected("live", "WebSocket");
await dark.button("Pause").click();
await shows(dark, ".panel-note", "turn");
await dark.page.getByLabel("Input to the run").fill("go north");
await dark.button("Send input").click();
await shows(dark, ".debug-entries", "Grace typed go north");
await dark.button("Step").click();
await dark.page.locator(".debug-entries li").nth(2).waitFor();
await shows(dark, ".debug-trip", /round trip/);
await keep(dark, "debug");
await dark.button("Resume").click();

await ada.go("/");
await shows(ada, ".run", "1 of 2 in the queue");
await shows(ada, ".run", "accuracy");
await keep(ada, "list");
await ada.button("New run").click();
await shows(ada, ".kind", "Program repair");
await keep(ada, "dialog");
await ada.page.keyboard.press("Escape");
await ada.go("/overview");
await shows(ada, ".alert-critical");
await keep(ada, "overview");
await ada.go(`/runs/${trained}?part=metrics`);
await shows(ada, ".plot canvas");
await ada.page.locator(".plot").nth(3).waitFor();
await keep(ada, "metrics");
await dark.go(`/runs/${repair}?part=artifacts`);
await shows(dark, ".diff-in");
await keep(dark, "artifacts");

await phone.go(`/runs/${game}`);
await shows(phone, ".log-row");
await keep(phone, "phone");
