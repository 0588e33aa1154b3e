import type { Hub, Log } from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import { hostname } from "node:os";
import type { Insight } from "../insight/index.ts";
import { type About, MAX_NODE_NAME, type NodeEvent, Nodes, wireOver } from "../nodes/index.ts";
import { version } from "../version.ts";

const NAME = /^[A-Za-z0-9._:-]{1,64}$/;

interface Options {
  readonly id: string;
  readonly about: About;
  readonly limits: Limits;
  /** The log that the nodes share, itself. */
  readonly log: Log;
  readonly hub: Hub;
  readonly events: Insight["events"];
  readonly logger: Logger;
  readonly schedule: (ms: number, callback: () => void) => () => void;
}

/** The nodes of a log that several may be on. */
export function createNodes({ id, about, limits, log, hub, events, logger, schedule }: Options): Nodes {
  return new Nodes({
    id,
    about,
    wire: wireOver(log, hub),
    timeoutMs: limits.nodeTimeoutMs,
    graceMs: limits.presenceGraceMs,
    elapsedMs: () => performance.now(),
    schedule,
    defer: setImmediate,
    onEvent: (event) => {
      events.node(event.type, { other: event.node, name: event.about.name, version: event.about.version });
      tell(logger, event);
    },
  });
}

function tell(logger: Logger, { type, node, about: { name } }: NodeEvent): void {
  if (type === "joined") logger.info({ node, name }, "another node is on this log");
  else if (type === "left") logger.info({ node, name }, "another node goes down");
  else logger.warn({ node, name }, "another node is not heard of any more; its members leave");
}

/**
 * What a node is, for the others. Without a `name`, that is the machine's and the process's id.
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function aboutNode(name: string | null | undefined): About {
  return { name: nodeName(name), version, startedAtMs: Date.now() };
}

function nodeName(name: string | null | undefined): string {
  const derived = (): string =>
    `${hostname().replaceAll(/[^A-Za-z0-9._:-]/g, "-")}`.slice(0, MAX_NODE_NAME - 12) + `:${process.pid}`;
  const chosen = name ?? derived();
  if (NAME.test(chosen)) return chosen;
  throw new TidingsError(
    "CONFIG_INVALID",
    `the node's name is not 1 to ${MAX_NODE_NAME} of A-Z a-z 0-9 . _ : -; use such a one.`,
    { field: "node" },
  );
}
