import type { Hub, Log } from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import { hostname } from "node:os";
import type { Insight } from "../insight/index.ts";
import { MAX_NODE_NAME, type NodeEvent, Nodes, wireOver } from "../nodes/index.ts";
import { version } from "../version.ts";

const NAME = /^[A-Za-z0-9._:-]{1,64}$/;

interface Options {
  readonly id: string;
  /** `null` or none: the machine's name and the process's id. */
  readonly name: string | null | undefined;
  readonly limits: Limits;
  /** The log that the nodes share, itself. */
  readonly log: Log;
  readonly hub: Hub;
  readonly events: Insight["events"];
  readonly logger: Logger;
  readonly schedule: (ms: number, callback: () => void) => () => void;
}

/** The nodes of a log that several may be on. @throws {TidingsError} `CONFIG_INVALID` */
export function createNodes({ id, name, limits, log, hub, events, logger, schedule }: Options): Nodes {
  return new Nodes({
    id,
    about: { name: nodeName(name), version, startedAtMs: Date.now() },
    wire: wireOver(log, hub),
    timeoutMs: limits.nodeTimeoutMs,
    graceMs: limits.presenceGraceMs,
    elapsedMs: () => performance.now(),
    schedule,
    defer: setImmediate,
    onEvent: (event) => {
      events.node(event.type, { node: event.node, name: event.about.name, version: event.about.version });
      tell(logger, event);
    },
  });
}

function tell(logger: Logger, { type, node, about: { name } }: NodeEvent): void {
  if (type === "joined") logger.info({ node, name }, "another node is on this log");
  else if (type === "left") logger.info({ node, name }, "another node goes down");
  else logger.warn({ node, name }, "another node is not heard of any more; its members leave");
}

/** @throws {TidingsError} `CONFIG_INVALID` */
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
