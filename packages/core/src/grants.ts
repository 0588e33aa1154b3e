import { compileCommandPattern, compilePattern } from "@tidings/protocol";

/** What may be granted. `command` is for names of commands, the others are for channels. */
export const RIGHTS = ["subscribe", "publish", "command", "presence", "admin"] as const;

export type Right = (typeof RIGHTS)[number];

/** Patterns by right, as a token's claim or a key has them: `{ subscribe: ["evals/**"], command: ["evals.*"] }`. */
export type GrantLists = { readonly [Name in Right]?: readonly string[] };

/** The pattern that as an `admin` grant stands for the whole server: every channel, the system's too, and every command. */
const EVERYTHING = "**";

/** What its holder may do. Immutable. */
export class Grants {
  static readonly NONE: Grants = new Grants({});
  static readonly ALL: Grants = new Grants({ admin: [EVERYTHING] });
  readonly lists: GrantLists;
  /** Whether it holds for the whole server. */
  readonly isAdmin: boolean;
  readonly #matchers: { readonly [Name in Right]?: readonly ((name: string) => boolean)[] };

  private constructor(lists: GrantLists) {
    this.lists = lists;
    this.isAdmin = lists.admin?.includes(EVERYTHING) === true;
    this.#matchers = Object.fromEntries(
      RIGHTS.map((right) => [
        right,
        lists[right]?.map(right === "command" ? compileCommandPattern : compilePattern),
      ]),
    );
  }

  /** @throws {TidingsError} `CONFIG_INVALID` for what is no pattern */
  static of(lists: GrantLists): Grants {
    return new Grants(lists);
  }

  /** Whether it may do this to that channel, or with `command` call that command. `admin` of a channel is all else there, too. */
  allows(right: Right, name: string): boolean {
    if (this.isAdmin || this.#matches(right, name)) return true;
    return right !== "command" && right !== "admin" && this.#matches("admin", name);
  }

  /** Whether there is any name for which it holds this right. */
  allowsAny(right: Right): boolean {
    return this.isAdmin || (this.lists[right]?.length ?? 0) > 0;
  }

  /** What either of the two allows. */
  plus(other: Grants): Grants {
    if (this === Grants.NONE) return other;
    if (other === Grants.NONE) return this;
    return new Grants(
      Object.fromEntries(
        RIGHTS.flatMap((right) => {
          const patterns = new Set([...(this.lists[right] ?? []), ...(other.lists[right] ?? [])]);
          return patterns.size === 0 ? [] : [[right, [...patterns]]];
        }),
      ),
    );
  }

  #matches(right: Right, name: string): boolean {
    return this.#matchers[right]?.some((matches) => matches(name)) === true;
  }
}
