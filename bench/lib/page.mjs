// The results as one page: plots that need no script, and the table under each.
import { writeFileSync } from "node:fs";
import { tableOf } from "./table.mjs";

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 64;
const BOTTOM = 40;
const COLOURS = ["#2563eb", "#dc2626", "#16a34a", "#9333ea", "#ea580c", "#0891b2", "#64748b", "#be185d"];

/** By benchmark, what is drawn: against what, by which rows make one line. A bar where nothing rises. */
const PLOTS = {
  fanout: { x: "deliveriesPerSecond", y: "p99Ms", line: ["server", "transport", "bytes", "readers"] },
  compressed: { y: "megabytesPerSecond", line: ["server", "transport", "encoding", "bytes"] },
  idle: { y: "kilobytesEach", line: ["server", "transport", "readers"] },
  single: { y: "deliveriesPerSecond", line: ["server", "transport", "readers"] },
  commands: { y: "p50Ms", line: ["by", "handler"] },
  publish: { y: "publishesPerSecond", line: ["server", "log", "by", "connections", "inFlight"] },
  catchup: { y: "messagesPerSecond", line: ["log", "transport", "readers"] },
  storm: { y: "seconds", line: ["log", "transport", "readers"] },
  slow: { y: "p99Ms", line: ["log", "transport", "never"] },
  many: { y: "bytesEach", line: ["log", "channels", "connections"] },
};

/** @param {string} file @param {object} machine @param {readonly Record<string, any>[]} results */
export function writePage(file, machine, results) {
  const names = [...new Set(results.map(({ bench }) => bench))];
  const parts = names.map((name) => {
    const rows = results.filter(({ bench }) => bench === name);
    return `<section><h2>${escape(name)}</h2>${plot(name, rows)}<pre>${escape(tableOf(rows))}</pre></section>`;
  });
  writeFileSync(
    file,
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Tidings: benchmarks</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:CanvasText;background:Canvas;color-scheme:light dark}
pre{overflow-x:auto;font-size:12px}svg{max-width:100%;height:auto}svg text{font-size:11px;fill:currentColor}</style>
<h1>Tidings: benchmarks</h1><pre>${escape(JSON.stringify(machine, null, 2))}</pre>${parts.join("\n")}</html>\n`,
  );
}

/** @param {string} name @param {readonly Record<string, any>[]} rows */
function plot(name, rows) {
  const about = PLOTS[/** @type {keyof typeof PLOTS} */ (name)];
  if (about === undefined) return "";
  /** @type {Map<string, Record<string, any>[]>} */
  const lines = new Map();
  for (const row of rows) {
    const key = about.line
      .map((each) => row[each] ?? "")
      .join(" ")
      .trim();
    lines.set(key, [...(lines.get(key) ?? []), row]);
  }
  return about.x === undefined ? bars(lines, about.y) : curves(lines, about.x, about.y);
}

/** Both axes by powers of ten. @param {Map<string, Record<string, any>[]>} lines @param {string} x @param {string} y */
function curves(lines, x, y) {
  const all = [...lines.values()].flat().filter((row) => row[x] > 0 && row[y] > 0);
  if (all.length === 0) return "";
  const xs = scale(
    all.map((row) => row[x]),
    LEFT,
    WIDTH - 24,
  );
  const ys = scale(
    all.map((row) => row[y]),
    HEIGHT - BOTTOM,
    10,
  );
  const drawn = [...lines].map(([key, rows], at) => {
    const colour = COLOURS[at % COLOURS.length];
    const points = rows
      .filter((row) => row[x] > 0 && row[y] > 0)
      .map((row) => `${xs.at(row[x])},${ys.at(row[y])}`);
    const dots = points.map(
      (point) => `<circle r="3" fill="${colour}" cx="${point.split(",")[0]}" cy="${point.split(",")[1]}"/>`,
    );
    return `<polyline fill="none" stroke="${colour}" points="${points.join(" ")}"/>${dots.join("")}<text x="${LEFT + 8}" y="${HEIGHT + 16 * (at + 1)}" style="fill:${colour}">${escape(key)}</text>`;
  });
  const marks = [
    ...xs.ticks.map(
      (tick) =>
        `<text x="${xs.at(tick)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${short(tick)}</text>`,
    ),
    ...ys.ticks.map(
      (tick) => `<text x="${LEFT - 6}" y="${ys.at(tick)}" text-anchor="end">${short(tick)}</text>`,
    ),
  ];
  return svg(
    HEIGHT + 16 * (lines.size + 1),
    `${drawn.join("")}${marks.join("")}<text x="${WIDTH / 2}" y="${HEIGHT - 6}" text-anchor="middle">${x}</text><text x="4" y="12">${y}</text>`,
  );
}

/** @param {Map<string, Record<string, any>[]>} lines @param {string} y */
function bars(lines, y) {
  const rows = [...lines].flatMap(([key, each]) => each.map((row) => ({ key, value: Number(row[y]) })));
  const most = Math.max(...rows.map(({ value }) => value || 0));
  if (!(most > 0)) return "";
  const drawn = rows.map(({ key, value }, at) => {
    const width = ((WIDTH - 320) * (value || 0)) / most;
    return `<text x="250" y="${18 * at + 14}" text-anchor="end">${escape(key)}</text><rect x="256" y="${18 * at + 3}" width="${width.toFixed(1)}" height="13" fill="${COLOURS[0]}"/><text x="${262 + width}" y="${18 * at + 14}">${short(value)}</text>`;
  });
  return `<p>${escape(y)}</p>${svg(18 * rows.length + 8, drawn.join(""))}`;
}

/** @param {readonly number[]} values @param {number} from @param {number} to */
function scale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (/** @type {number} */ value) =>
      Math.round(from + ((Math.log10(value) - low) / (high - low)) * (to - from)),
    ticks: Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at)),
  };
}

/** @param {number} height @param {string} content */
const svg = (height, content) =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">${content}</svg>`;

/** @param {number} value */
const short = (value) => value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });

/** @param {string} text */
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
