import type { Random } from "../../kit/index.ts";
import type { Action } from "./parser.ts";
import {
  carried,
  CHEST_ROOM,
  DIRECTIONS,
  isDark,
  ITEMS,
  lockedDoor,
  MAX_CARRIED,
  ROOMS,
  visible,
  type Direction,
  type World,
} from "./world.ts";

/** A choice, and why: for the log and for whoever looks. */
export interface Choice {
  readonly action: Action;
  readonly why: string;
}

/** An exit that was seen: where it led, once it was gone, and whether the door in it is locked. */
interface Exit {
  to: string | undefined;
  isLocked: boolean;
}

const LEAST_OIL = 6;

/** Plays by what it has seen itself: it explores, remembers what lies where, and plans by breadth-first search. */
export class Agent {
  readonly #random: Random;
  readonly #exits = new Map<string, Map<Direction, Exit>>();
  /** Where it last saw each thing. */
  readonly #seenAt = new Map<string, string>();
  readonly #darkRooms = new Set<string>();
  /** What was read, and the words it taught. */
  readonly #read = new Set<string>();
  readonly #words = new Set<string>();
  readonly #forbidden = new Set<string>();
  /** Keys that did not turn, by room and direction, so that a locked door is not tried for ever. */
  readonly #triedKeys = new Map<string, string>();
  #last: { readonly room: string; readonly action: Action } | undefined;
  plan: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** What it knows, as JSON. */
  get memory(): object {
    return {
      rooms: [...this.#exits.keys()],
      things: Object.fromEntries(this.#seenAt),
      forbidden: [...this.#forbidden],
      words: [...this.#words],
    };
  }

  /** Takes in what can be seen after a turn, and what the game answered. */
  observe(world: World, answer: readonly string[]): void {
    this.#learnWay(world);
    if (isDark(world)) {
      this.#darkRooms.add(world.room);
    } else {
      for (const [item, room] of this.#seenAt) if (room === world.room) this.#seenAt.delete(item);
      for (const item of visible(world)) this.#seenAt.set(item, world.room);
      if (ROOMS[world.room]?.isDark === true) this.#darkRooms.add(world.room);
      this.#look(world);
    }
    for (const item of carried(world)) this.#seenAt.delete(item);
    const text = answer.join(" ");
    for (const word of text.match(/(?<=The word [a-z ]* is )[A-Z]+/g) ?? [])
      this.#words.add(word.toLowerCase());
    for (const [, item] of text.matchAll(/LEAVE THE ([A-Z]+)/g))
      this.#forbidden.add((item ?? "").toLowerCase());
  }

  choose(world: World, epsilon: number): Choice {
    const choice =
      this.#random.next() < epsilon
        ? { action: this.#random.pick(this.#possible(world)), why: "at random" }
        : this.#planned(world);
    this.#note(world, choice.action);
    return choice;
  }

  /** What is done next, whoever chose it: it is what the next observation is the answer to. */
  #note(world: World, action: Action): void {
    this.#last = { room: world.room, action };
    if (action.verb === "read") this.#read.add(action.item);
    if (action.verb === "unlock") {
      this.#triedKeys.set(`${world.room} ${action.direction}`, keysOf(world));
    }
  }

  /** A person chose: the plan is made anew after it. */
  overruled(world: World, action: Action): void {
    this.plan = [];
    this.#note(world, action);
  }

  #learnWay(world: World): void {
    const last = this.#last;
    if (last?.action.verb !== "go" || last.room === world.room) return;
    const way = this.#exits.get(last.room)?.get(last.action.direction);
    if (way !== undefined) way.to = world.room;
  }

  #look(world: World): void {
    const here = this.#exits.get(world.room) ?? new Map<Direction, Exit>();
    this.#exits.set(world.room, here);
    for (const direction of DIRECTIONS) {
      const to = ROOMS[world.room]?.exits[direction];
      if (to === undefined) continue;
      const isLocked = lockedDoor(world, world.room, to) !== undefined;
      here.set(direction, { to: here.get(direction)?.to, isLocked });
    }
  }

  /** The first of its wishes that can be worked on now. */
  #planned(world: World): Choice {
    const wish =
      this.#lampWish(world) ??
      this.#hereWish(world) ??
      this.#unlockWish(world) ??
      this.#fetchWish(world) ??
      this.#exploreWish(world) ??
      this.#chestWish(world, 1);
    if (wish !== undefined) return wish;
    this.plan = [];
    return { action: { verb: "wait" }, why: "nothing left to do" };
  }

  #lampWish(world: World): Choice | undefined {
    if (world.items["lamp"] !== "carried") return isDark(world) ? this.#backToLight(world) : undefined;
    const { isLit, oil } = world.lamp;
    if (oil < LEAST_OIL && world.items["oil"] === "carried") return now({ verb: "fill" }, "the lamp is low");
    if (isDark(world)) return oil > 0 ? now({ verb: "light" }, "it is dark") : this.#backToLight(world);
    if (isLit && ROOMS[world.room]?.isDark !== true) return now({ verb: "douse" }, "saves oil");
    return undefined;
  }

  #backToLight(world: World): Choice | undefined {
    return this.#walk(world, "back to the light", (room) => !this.#darkRooms.has(room));
  }

  #hereWish(world: World): Choice | undefined {
    const here = visible(world);
    const unread = [...here, ...carried(world)].find(
      (item) => ITEMS[item]?.reads !== undefined && !this.#read.has(item),
    );
    if (unread !== undefined) return now({ verb: "read", item: unread }, "may tell something");
    if (world.room === CHEST_ROOM) {
      const treasure = carried(world).find(isTreasure);
      if (treasure !== undefined) return now({ verb: "put", item: treasure }, "brings points");
    }
    const hasRoom = carried(world).length < MAX_CARRIED;
    const wanted = here.find((item) => this.#isWanted(item));
    if (wanted !== undefined && hasRoom) return now({ verb: "take", item: wanted }, "is of use");
    return hasRoom ? undefined : (this.#chestWish(world, MAX_CARRIED) ?? this.#makeRoom(world));
  }

  /** Its hands are full, and not with treasure: what it has read it need not carry. */
  #makeRoom(world: World): Choice | undefined {
    const item = carried(world).find((each) => !this.#isWanted(each));
    return item === undefined ? undefined : now({ verb: "drop", item }, "makes room");
  }

  #isWanted(item: string): boolean {
    const { isFixed, reads } = ITEMS[item] ?? {};
    return isFixed !== true && reads === undefined && !this.#forbidden.has(item);
  }

  #unlockWish(world: World): Choice | undefined {
    const keys = keysOf(world);
    if (keys === "") return undefined;
    const isNew = (room: string, direction: Direction): boolean =>
      this.#exits.get(room)?.get(direction)?.isLocked === true &&
      this.#triedKeys.get(`${room} ${direction}`) !== keys;
    const direction = DIRECTIONS.find((each) => isNew(world.room, each));
    if (direction !== undefined) return now({ verb: "unlock", direction }, "has a key to try");
    return this.#walk(world, "to a locked door", (room) => DIRECTIONS.some((each) => isNew(room, each)));
  }

  #fetchWish(world: World): Choice | undefined {
    if (carried(world).length >= MAX_CARRIED) return undefined;
    const wanted = [...this.#seenAt].filter(([item]) => this.#isWanted(item)).map(([, room]) => room);
    return this.#walk(world, "to fetch what it saw", (room) => wanted.includes(room));
  }

  #exploreWish(world: World): Choice | undefined {
    const isOpen = (room: string, direction: Direction): boolean => {
      const exit = this.#exits.get(room)?.get(direction);
      return exit !== undefined && exit.to === undefined && !exit.isLocked;
    };
    const direction = DIRECTIONS.find((each) => isOpen(world.room, each));
    if (direction !== undefined && !isDark(world))
      return now({ verb: "go", direction }, "has not been there");
    return this.#walk(world, "to where it has not been", (room) =>
      DIRECTIONS.some((each) => isOpen(room, each)),
    );
  }

  #chestWish(world: World, least: number): Choice | undefined {
    const treasures = carried(world).filter(isTreasure);
    if (treasures.length === 0 || carried(world).length < least) return undefined;
    return this.#walk(world, "to the chest", (room) => room === CHEST_ROOM);
  }

  /** The first step of the shortest known way to a room that fits, if there is one; the whole way is the plan. */
  #walk(world: World, why: string, fits: (room: string) => boolean): Choice | undefined {
    const canSee = world.items["lamp"] === "carried" && world.lamp.oil > 0;
    const ways = new Map<string, Direction[]>([[world.room, []]]);
    for (const [room, way] of ways) {
      if (room !== world.room && fits(room)) {
        const [direction] = way;
        this.plan = [...way];
        return direction === undefined ? undefined : { action: { verb: "go", direction }, why };
      }
      for (const [direction, { to, isLocked }] of this.#exits.get(room) ?? []) {
        const isBarred =
          isLocked || to === undefined || (this.#darkRooms.has(to) && !canSee && !isDark(world));
        if (!isBarred && !ways.has(to)) ways.set(to, [...way, direction]);
      }
    }
    return undefined;
  }

  /** All that one could do here: what chance chooses from. */
  #possible(world: World): Action[] {
    const directions = DIRECTIONS.filter((each) => ROOMS[world.room]?.exits[each] !== undefined);
    return [
      { verb: "look" },
      { verb: "wait" },
      ...directions.map((direction): Action => ({ verb: "go", direction })),
      ...visible(world).map((item): Action => ({ verb: "take", item })),
      ...carried(world).map((item): Action => ({ verb: "drop", item })),
      ...[...this.#words].map((word): Action => ({ verb: "say", word })),
    ];
  }
}

function now(action: Action, why: string): Choice {
  return { action, why };
}

function isTreasure(item: string): boolean {
  return ITEMS[item]?.worth !== undefined;
}

function keysOf(world: World): string {
  return carried(world)
    .filter((item) => item.endsWith("-key"))
    .join(" ");
}
