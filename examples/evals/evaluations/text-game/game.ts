import type { Action } from "./parser.ts";
import {
  carried,
  CHEST_ROOM,
  DOORS,
  isDark,
  ITEMS,
  LAMP_TURNS,
  lockedDoor,
  MAX_CARRIED,
  MAX_SCORE,
  ROOMS,
  visible,
  type Direction,
  type World,
} from "./world.ts";

/** Minutes of the game's clock that a turn takes; it begins at eight in the evening. */
const MINUTES_A_TURN = 5;
const START_MINUTES = 20 * 60;
/** What it costs to take the idol, or to say the word. */
const PENALTY = 15;
const LOW_OIL = 8;

/** Does one turn, changes the world, and returns what the player reads, a line each. */
export function play(world: World, action: Action): string[] {
  world.turn += 1;
  const answer = act(world, action);
  return [...answer, ...burnLamp(world), ...strikeHour(world), ...end(world)];
}

export function clock(world: World): string {
  const minutes = (START_MINUTES + world.turn * MINUTES_A_TURN) % (24 * 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** What is to be seen here. */
export function describeRoom(world: World): string[] {
  const room = ROOMS[world.room];
  if (room === undefined || isDark(world)) return ["It is pitch dark. You could stumble, but see nothing."];
  const things = visible(world).map((item) => ITEMS[item]?.text ?? item);
  const exits = Object.entries(room.exits).map(([direction, to]) =>
    lockedDoor(world, world.room, to) === undefined ? direction : `${direction} (locked)`,
  );
  return [
    `${room.title}. ${room.text}`,
    `Exits: ${exits.join(", ")}.${things.length > 0 ? ` Here: ${things.join(", ")}.` : ""}`,
  ];
}

function act(world: World, action: Action): string[] {
  switch (action.verb) {
    case "go":
      return go(world, action.direction);
    case "unlock":
      return unlock(world, action.direction);
    case "take":
      return take(world, action.item);
    case "drop":
    case "put":
      return put(world, action.item, action.verb === "put");
    case "read":
      return read(world, action.item);
    case "light":
    case "douse":
      return switchLamp(world, action.verb === "light");
    case "fill":
      return fill(world);
    case "say":
      return say(world, action.word);
    case "look":
      return describeRoom(world);
    case "inventory":
      return [`You carry: ${carried(world).join(", ") || "nothing"}.`];
    case "wait":
      return ["Time passes."];
  }
}

function go(world: World, direction: Direction): string[] {
  const to = ROOMS[world.room]?.exits[direction];
  if (to === undefined) return ["There is no way there."];
  if (lockedDoor(world, world.room, to) !== undefined) return ["The door is locked."];
  // Back the way one came is safe; on into the dark is not.
  if (isDark(world) && !world.seen.includes(to)) return ["You walk into a wall. Better find a light first."];
  world.room = to;
  if (!isDark(world) && !world.seen.includes(to)) world.seen.push(to);
  return describeRoom(world);
}

function unlock(world: World, direction: Direction): string[] {
  const to = ROOMS[world.room]?.exits[direction];
  const door = to === undefined ? undefined : lockedDoor(world, world.room, to);
  if (door === undefined) return ["There is nothing locked there."];
  const key = DOORS[door]?.key ?? "";
  if (world.items[key] !== "carried") return ["None of your keys fits."];
  world.locked = world.locked.filter((other) => other !== door);
  return [`The ${key.replace("-", " ")} turns. The door is open.`];
}

function take(world: World, item: string): string[] {
  if (!visible(world).includes(item)) return [`You see no ${item} here.`];
  if (ITEMS[item]?.isFixed === true) return ["It does not move."];
  if (carried(world).length >= MAX_CARRIED) return [`Your hands are full: you carry ${MAX_CARRIED} things.`];
  if (item === "idol") {
    world.score -= PENALTY;
    return [`The idol burns your hand, and a voice laughs. (${-PENALTY} points)`];
  }
  world.items[item] = "carried";
  return ["Taken."];
}

function put(world: World, item: string, intoChest: boolean): string[] {
  if (world.items[item] !== "carried") return [`You have no ${item}.`];
  if (!intoChest) {
    world.items[item] = world.room;
    return ["Dropped."];
  }
  if (world.room !== CHEST_ROOM) return ["There is no chest here."];
  const worth = ITEMS[item]?.worth ?? 0;
  if (worth === 0) return ["That is no treasure: the chest does not want it."];
  world.items[item] = "chest";
  world.score += worth;
  return [`The chest takes the ${item}. (+${worth} points, ${world.score} of ${MAX_SCORE})`];
}

function read(world: World, item: string): string[] {
  if (world.items[item] !== "carried" && !visible(world).includes(item)) return [`You see no ${item} here.`];
  return [ITEMS[item]?.reads ?? "There is nothing to read on it."];
}

function switchLamp(world: World, on: boolean): string[] {
  if (world.items["lamp"] !== "carried") return ["You have no lamp."];
  if (world.lamp.isLit === on) return [`The lamp is ${on ? "burning" : "out"} already.`];
  if (on && world.lamp.oil === 0) return ["The lamp is dry."];
  world.lamp.isLit = on;
  const lines = [on ? "The lamp burns." : "The lamp is out."];
  if (!isDark(world) && !world.seen.includes(world.room)) world.seen.push(world.room);
  return on && ROOMS[world.room]?.isDark === true ? [...lines, ...describeRoom(world)] : lines;
}

function fill(world: World): string[] {
  if (world.items["lamp"] !== "carried" || world.items["oil"] !== "carried")
    return ["You need the lamp and oil."];
  world.items["oil"] = "used";
  world.lamp.oil = LAMP_TURNS;
  return ["The lamp is full."];
}

function say(world: World, word: string): string[] {
  if (word !== "mellon") return [`"${word}", you say. Nothing happens.`];
  world.locked = [];
  world.score -= PENALTY;
  return [`Every door springs open, and something far below wakes. (${-PENALTY} points)`];
}

function burnLamp(world: World): string[] {
  const { lamp } = world;
  if (!lamp.isLit) return [];
  lamp.oil -= 1;
  if (lamp.oil === LOW_OIL) return ["The lamp flickers: its oil is running out."];
  if (lamp.oil > 0) return [];
  lamp.isLit = false;
  return ["The lamp goes out: it is dry."];
}

function strikeHour(world: World): string[] {
  return (world.turn * MINUTES_A_TURN) % 60 === 0 ? [`A bell strikes: it is ${clock(world)}.`] : [];
}

function end(world: World): string[] {
  const treasures = Object.keys(ITEMS).filter((item) => ITEMS[item]?.worth !== undefined);
  if (world.isOver || !treasures.every((item) => world.items[item] === "chest")) return [];
  world.isOver = true;
  return [
    `The chest is full, and the flood falls: you have won, with ${world.score} of ${MAX_SCORE} points.`,
  ];
}
