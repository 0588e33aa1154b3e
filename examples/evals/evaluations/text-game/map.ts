import { carried, lockedDoor, ROOMS, type World } from "./world.ts";

const CELL = { width: 112, height: 72 };
const BOX = { width: 92, height: 40 };
const MARGIN = 12;

/** The rooms that were seen and the ways between them, as SVG; what was not seen is an outline. */
export function drawMap(world: World): string {
  const rooms = Object.entries(ROOMS);
  const columns = 1 + Math.max(...rooms.map(([, { at }]) => at[0]));
  const rows = 1 + Math.max(...rooms.map(([, { at }]) => at[1]));
  const size = { width: columns * CELL.width + 2 * MARGIN, height: rows * CELL.height + 2 * MARGIN };
  const ways = rooms.flatMap(([name, { exits }]) =>
    Object.values(exits)
      .filter((to) => name < to)
      .map((to) => line(world, name, to)),
  );
  const boxes = rooms.map(([name, { title, at }]) => {
    const [x, y] = corner(at);
    const isHere = name === world.room;
    const fill = isHere ? "#f2b134" : world.seen.includes(name) ? "#dbe7f5" : "none";
    const items = Object.values(world.items).filter((place) => place === name).length;
    return (
      `<g><title>${title}${items > 0 ? `, things here: ${items}` : ""}</title>` +
      `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="${fill}" stroke="#5b6b80"/>` +
      (world.seen.includes(name) || isHere
        ? `<text x="${x + BOX.width / 2}" y="${y + 25}" text-anchor="middle" fill="#16202c">${title}</text></g>`
        : `</g>`)
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" ` +
    `height="${size.height}" font-family="sans-serif" font-size="13" role="img" aria-label="Map: ` +
    `${world.seen.length} of ${rooms.length} rooms seen, ${carried(world).length} things carried">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${ways.join("")}${boxes.join("")}</svg>\n`
  );
}

function line(world: World, from: string, to: string): string {
  const [a, b] = [ROOMS[from], ROOMS[to]];
  if (a === undefined || b === undefined) return "";
  const [x1, y1] = corner(a.at);
  const [x2, y2] = corner(b.at);
  const [right, down] = [BOX.width / 2, BOX.height / 2];
  const dashes = lockedDoor(world, from, to) === undefined ? "" : ` stroke-dasharray="4 4"`;
  return (
    `<line x1="${x1 + right}" y1="${y1 + down}" x2="${x2 + right}" y2="${y2 + down}" ` +
    `stroke="#5b6b80" stroke-width="2"${dashes}/>`
  );
}

function corner([column, row]: readonly [number, number]): [number, number] {
  return [MARGIN + column * CELL.width + 10, MARGIN + row * CELL.height + 16];
}
