/** How one task came out. */
export interface TaskReport {
  readonly task: string;
  readonly solved: boolean;
  readonly attempts: number;
  readonly passed: number;
  readonly total: number;
  readonly edits: readonly string[];
}

const WIDTH = 460;
const ROW = 24;
const LABEL = 150;

/** Attempts that each task took, as bars in SVG: green when it is solved. */
export function drawChart(reports: readonly TaskReport[]): string {
  const height = (reports.length + 1) * ROW + 12;
  const most = Math.max(1, ...reports.map(({ attempts }) => attempts));
  const rows = reports.map(({ task, solved, attempts, passed, total }, index) => {
    const y = (index + 1) * ROW + 6;
    const width = Math.max(2, ((WIDTH - LABEL - 120) * attempts) / most);
    return (
      `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${task}</text>` +
      `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="15" rx="3" ` +
      `fill="${solved ? "#2f8f4e" : "#c0392b"}"/>` +
      `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 14}">${attempts}, tests ${passed}/${total}</text>`
    );
  });
  const solved = reports.filter((report) => report.solved).length;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#16202c" role="img" ` +
    `aria-label="${solved} of ${reports.length} tasks solved"><rect width="100%" height="100%" fill="#ffffff"/>` +
    `<text x="8" y="18" font-weight="bold">Attempts a task: ${solved} of ${reports.length} solved</text>` +
    `${rows.join("")}</svg>\n`
  );
}
