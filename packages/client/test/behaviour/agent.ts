import type { Channel, Off, Options, Published, Tidings } from "../../src/types.ts";
import type { ClientOptions, Fault, Happening, Outcome, RemoteClient, StateSeen } from "./driver.ts";

/** What the client's package exports. */
export type Connect = (url: string, options?: Options) => Tidings;

/**
 * Uses one client, and tells what happens to it. It runs where the client runs, and needs nothing of Node.js: in a page,
 * `tell` and the calls go over whatever leads out of it.
 */
export function openAgent(
  connect: Connect,
  url: string,
  { tokens, cursors, ...options }: ClientOptions,
  tell: (happening: Happening) => void,
): RemoteClient {
  let asked = 0;
  const token = (): string | undefined => {
    const given = tokens?.[Math.min(asked++, tokens.length - 1)];
    if (given !== undefined) tell({ type: "token", token: given });
    return given;
  };
  const client = connect(url, {
    ...options,
    ...(tokens === undefined ? {} : { token }),
    ...(cursors === undefined ? {} : { cursors: globalThis[cursors] }),
  });
  const channels = new Map<string, Channel>();
  const holds: Off[] = [];
  client.on("state", (state) => tell({ type: "state", state: stateOf(state) }));
  client.on("error", (error) => tell({ type: "error", fault: faultOf(error) }));
  tell({ type: "state", state: stateOf(client.state) });
  return {
    async read(name, from) {
      const channel = client.channel(name, from);
      channels.set(name, channel);
      channel.on("gap", (gap) => tell(gap));
      channel.on("caught-up", ({ cursor }) => tell({ type: "caught-up", channel: name, cursor }));
      channel.on("error", (error) => tell({ type: "error", channel: name, fault: faultOf(error) }));
      channel.on("*", (data, { event, cursor }) =>
        tell({ type: "message", channel: name, event, data, ...(cursor === undefined ? {} : { cursor }) }),
      );
    },
    async unread(name) {
      channels.get(name)?.close();
      channels.delete(name);
    },
    publish: async (channel, event, data) =>
      outcomeOf(async (): Promise<Published> => client.channel(channel).publish(event, data)),
    command: async (name, input) => outcomeOf(async () => client.command(name, input)),
    async attend(channel) {
      client
        .channel(channel)
        .presence.on("change", ({ members }) =>
          tell({ type: "presence", channel, members: [...members.keys()].toSorted() }),
        );
    },
    join: async (channel, member) => outcomeOf(async () => client.channel(channel).presence.join({ member })),
    leave: async (channel) => outcomeOf(async () => client.channel(channel).presence.leave()),
    async hold() {
      holds.push(client.interactive());
    },
    async release() {
      holds.pop()?.();
    },
    async reconnect() {
      client.reconnect();
    },
    async close() {
      client.close();
    },
  };
}

async function outcomeOf<Value>(call: () => Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, fault: faultOf(error) };
  }
}

function faultOf(error: unknown): Fault {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "NONE";
  return { code, message: error instanceof Error ? error.message : String(error) };
}

function stateOf(state: Tidings["state"]): StateSeen {
  return {
    atMs: Date.now(),
    name: state.name,
    ...("transport" in state ? { transport: state.transport } : {}),
    ...("isShared" in state ? { isShared: state.isShared } : {}),
    ...("attempt" in state ? { attempt: state.attempt } : {}),
    ...("reason" in state && state.reason !== undefined ? { reason: faultOf(state.reason) } : {}),
  };
}
