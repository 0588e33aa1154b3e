import type { Random } from "../../kit/index.ts";

export const DIRECTIONS = ["north", "south", "east", "west", "up", "down"] as const;
export type Direction = (typeof DIRECTIONS)[number];

interface Room {
  readonly title: string;
  readonly text: string;
  readonly exits: Readonly<Partial<Record<Direction, string>>>;
  readonly isDark?: boolean;
  /** Where the map draws it: column and row. */
  readonly at: readonly [number, number];
}

export const ROOMS: Readonly<Record<string, Room>> = {
  gate: {
    title: "Gate",
    text: "A broken gate; the road back is flooded.",
    exits: { north: "yard" },
    at: [1, 4],
  },
  yard: {
    title: "Courtyard",
    text: "Weeds between the stones, and doors on all sides.",
    exits: { south: "gate", north: "hall", east: "garden", west: "stable" },
    at: [1, 3],
  },
  stable: { title: "Stable", text: "It smells of old straw.", exits: { east: "yard" }, at: [0, 3] },
  garden: {
    title: "Garden",
    text: "Roses gone wild, around a dry well.",
    exits: { west: "yard" },
    at: [2, 3],
  },
  hall: {
    title: "Great hall",
    text: "A long table, and an open chest that wants to be filled.",
    exits: { south: "yard", east: "kitchen", west: "chapel", up: "gallery" },
    at: [1, 2],
  },
  gallery: { title: "Gallery", text: "Painted faces look down.", exits: { down: "hall" }, at: [1, 1] },
  kitchen: {
    title: "Kitchen",
    text: "Cold ashes, and stairs into the dark.",
    exits: { west: "hall", down: "cellar" },
    at: [2, 2],
  },
  chapel: {
    title: "Chapel",
    text: "A golden idol on the altar, and a sign before it.",
    exits: { east: "hall", north: "library" },
    at: [0, 2],
  },
  library: {
    title: "Library",
    text: "Shelves up to the roof.",
    exits: { south: "chapel", up: "tower" },
    at: [0, 1],
  },
  tower: { title: "Tower", text: "Wind, and a view of the sea.", exits: { down: "library" }, at: [0, 0] },
  cellar: {
    title: "Cellar",
    text: "Barrels, and a draught from the east.",
    exits: { up: "kitchen", east: "tunnel" },
    isDark: true,
    at: [3, 2],
  },
  tunnel: {
    title: "Tunnel",
    text: "Water drips from the roof.",
    exits: { west: "cellar", north: "crypt" },
    isDark: true,
    at: [4, 2],
  },
  crypt: {
    title: "Crypt",
    text: "Stone kings sleep here.",
    exits: { south: "tunnel" },
    isDark: true,
    at: [4, 1],
  },
};

interface Item {
  readonly text: string;
  /** What a treasure adds to the score once it is in the chest. */
  readonly worth?: number;
  readonly reads?: string;
  readonly isFixed?: boolean;
}

export const ITEMS: Readonly<Record<string, Item>> = {
  lamp: { text: "a brass lamp" },
  oil: { text: "a flask of oil" },
  "brass-key": { text: "a brass key" },
  "iron-key": { text: "an iron key" },
  crown: { text: "a crown of iron and gold", worth: 20 },
  goblet: { text: "a silver goblet", worth: 10 },
  pearl: { text: "a black pearl", worth: 10 },
  spyglass: { text: "a spyglass", worth: 10 },
  sign: { text: "a sign", reads: "LEAVE THE IDOL WHERE IT IS. Take nothing from the altar.", isFixed: true },
  book: { text: "a book", reads: "The word that opens every door is MELLON. It must never be said." },
  idol: { text: "a golden idol" },
};

/** Doors that are locked, by their two rooms, and the key to each. */
export const DOORS: readonly { readonly between: readonly [string, string]; readonly key: string }[] = [
  { between: ["chapel", "library"], key: "brass-key" },
  { between: ["tunnel", "crypt"], key: "iron-key" },
];

export const CHEST_ROOM = "hall";
/** Turns that the lamp burns with one filling. */
export const LAMP_TURNS = 40;
/** Things that one can carry at once. */
export const MAX_CARRIED = 5;
export const MAX_SCORE = Object.values(ITEMS).reduce((sum, { worth = 0 }) => sum + worth, 0);

/** All that changes in a game: plain JSON, so that it can be looked at. */
export interface World {
  room: string;
  turn: number;
  score: number;
  /** Where each thing is: a room, `carried` or `chest`. */
  readonly items: Record<string, string>;
  /** Of {@link DOORS}, those that are still locked, by their number. */
  locked: number[];
  readonly lamp: { isLit: boolean; oil: number };
  readonly seen: string[];
  isOver: boolean;
}

/** A new game. The seed of `random` decides in which of their places things lie. */
export function newWorld(random: Random): World {
  const [first, second, third, fourth] = random.shuffle(["gate", "garden", "gallery", "stable"]);
  return {
    room: "gate",
    turn: 0,
    score: 0,
    items: {
      lamp: first ?? "gate",
      "brass-key": second ?? "garden",
      pearl: third ?? "gallery",
      oil: fourth ?? "stable",
      "iron-key": random.pick(["tower", "library"]),
      spyglass: "tower",
      goblet: random.pick(["cellar", "tunnel"]),
      crown: "crypt",
      sign: "chapel",
      idol: "chapel",
      book: "library",
    },
    locked: DOORS.map((_, index) => index),
    lamp: { isLit: false, oil: LAMP_TURNS },
    seen: ["gate"],
    isOver: false,
  };
}

/** The number of the locked door between two rooms, if there is one. */
export function lockedDoor(world: World, from: string, to: string): number | undefined {
  return world.locked.find((index) => {
    const between = DOORS[index]?.between;
    return between !== undefined && between.includes(from) && between.includes(to);
  });
}

export function isDark(world: World): boolean {
  const lampHere = world.items["lamp"] === "carried" || world.items["lamp"] === world.room;
  return ROOMS[world.room]?.isDark === true && !(world.lamp.isLit && lampHere);
}

export function carried(world: World): string[] {
  return Object.keys(world.items).filter((item) => world.items[item] === "carried");
}

/** Things that can be seen here; in the dark, none. */
export function visible(world: World): string[] {
  return isDark(world) ? [] : Object.keys(world.items).filter((item) => world.items[item] === world.room);
}
