import { checkChannel, TidingsError } from "@tidings/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../config/units.ts";
import type { Server } from "./api.ts";
import { EXIT, Failure } from "./exit.ts";

export interface ServerOptions {
  readonly server: string;
  readonly token?: string;
}

const DEFAULT_URL = "http://127.0.0.1:8080";

/** Adds what every command needs that talks to a server. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(new Option("--server <url>", "where the server is").env("TIDINGS_URL").default(DEFAULT_URL))
    .addOption(
      new Option(
        "--token <token>",
        "credential, sent as a bearer token; the variable keeps it out of process lists",
      ).env("TIDINGS_TOKEN"),
    );
}

/**
 * The server that the options name.
 *
 * @throws {Failure} for anything but an http or https URL
 */
export function serverOf(options: ServerOptions): Server {
  return { url: checkUrl(options.server), token: options.token === "" ? undefined : options.token };
}

// Not as an argument's parser: commander shows what it refuses, and that may hold a password.
function checkUrl(text: string): string {
  if (text === "") return DEFAULT_URL; // a variable that is set to nothing
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Failure(
      EXIT.usage,
      `--server (TIDINGS_URL) must be an http or https URL such as ${DEFAULT_URL}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new Failure(
      EXIT.usage,
      "--server (TIDINGS_URL) must not hold a credential; use --token or TIDINGS_TOKEN",
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export function channelName(text: string): string {
  try {
    return checkChannel(text);
  } catch (error) {
    if (error instanceof TidingsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return Number(text);
}

/** Milliseconds, from such as `30s`. */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as "500ms", "30s" or "2m".');
  return ms;
}

/** How long something is to hold, in milliseconds: up to ten years. */
export function lifetimeMs(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= 3_650 * 86_400_000) return ms;
  throw new InvalidArgumentError('It must be a time such as "10m", "12h" or "90d", at most 3650d.');
}

/** Gathers an option that may stand several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
