// A readable table of results, and what they say of the ratios that matter.

/** @typedef {Record<string, any>} Row */

/** What is left out of tables: it is in the JSON lines. */
const HIDDEN = new Set(["bench", "version", "runs", "isKept"]);

/** @param {readonly Row[]} rows @returns {string} */
export function tableOf(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !HIDDEN.has(name));
  const cells = rows.map((row) => names.map((name) => textOf(row[name])));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((line) => line[at].length)));
  const line = (/** @type {readonly string[]} */ texts) =>
    texts.map((text, at) => text.padStart(widths[at])).join("  ");
  return [line(names), ...cells.map(line)].join("\n");
}

/** @param {unknown} value */
function textOf(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "number"
    ? value.toLocaleString("en")
    : `${/** @type {string | boolean} */ (value)}`;
}

/**
 * Tidings beside each peer of the same run: how many times as much, of rows that are alike but for who served them.
 * @param {readonly Row[]} rows @param {string} value @param {readonly string[]} alike @returns {Row[]}
 */
export function ratiosOf(rows, value, alike) {
  const keyOf = (/** @type {Row} */ row) => alike.map((name) => row[name]).join(" ");
  return rows
    .filter(({ server }) => server !== "tidings")
    .flatMap((peer) => {
      const own = rows.find((row) => row.server === "tidings" && keyOf(row) === keyOf(peer));
      if (own === undefined || !(peer[value] > 0)) return [];
      const about = Object.fromEntries(alike.map((name) => [name, peer[name]]));
      return [
        { ...about, beside: peer.server, of: value, times: Number((own[value] / peer[value]).toFixed(2)) },
      ];
    });
}
