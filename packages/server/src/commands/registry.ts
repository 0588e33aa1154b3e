import { checkCommandName, compileCommandPattern, quote, TidingsError } from "@tidings/protocol";
import type { Run } from "./invocation.ts";

/** What answers commands: of one name, or of all that match a pattern. */
export interface Route {
  readonly run: Run;
  /** How long it may take where the caller does not say, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly description?: string | undefined;
}

/** A command, or a pattern of commands, as it is listed. */
export interface ListedCommand {
  readonly name?: string;
  readonly pattern?: string;
  readonly description?: string;
}

/** Names to what answers them: a name's own first, then the first pattern that matches. */
export class Registry {
  readonly #names = new Map<string, Route>();
  readonly #patterns: {
    readonly pattern: string;
    readonly matches: (name: string) => boolean;
    readonly route: Route;
  }[] = [];

  /**
   * Answers what takes it away again.
   *
   * @throws {TidingsError} `COMMAND_NAME_INVALID`, `CONFIG_INVALID` where the name is taken
   */
  add(name: string, route: Route): () => void {
    checkCommandName(name);
    if (this.#names.has(name)) {
      throw new TidingsError(
        "CONFIG_INVALID",
        `the command ${quote(name)} is registered already; unregister it first.`,
      );
    }
    this.#names.set(name, route);
    return () => {
      // Not one that was registered under the name since.
      if (this.#names.get(name) === route) this.#names.delete(name);
    };
  }

  /** @throws {TidingsError} `CONFIG_INVALID` */
  addPattern(pattern: string, route: Route): void {
    this.#patterns.push({ pattern, matches: compileCommandPattern(pattern), route });
  }

  /** @throws {TidingsError} `COMMAND_NAME_INVALID`, `COMMAND_UNKNOWN` */
  find(name: string): Route {
    const own = this.#names.get(name);
    if (own !== undefined) return own;
    checkCommandName(name);
    const found = this.#patterns.find(({ matches }) => matches(name));
    if (found !== undefined) return found.route;
    throw new TidingsError(
      "COMMAND_UNKNOWN",
      `there is no command ${quote(name)}; GET /commands lists those there are.`,
    );
  }

  list(): readonly ListedCommand[] {
    const describe = ({ description }: Route): { readonly description?: string } =>
      description === undefined ? {} : { description };
    return [
      ...[...this.#names].map(([name, route]) => ({ name, ...describe(route) })),
      ...this.#patterns.map(({ pattern, route }) => ({ pattern, ...describe(route) })),
    ];
  }
}
