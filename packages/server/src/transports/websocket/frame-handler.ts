import type { Right } from "@tidings/core";
import {
  checkChannel,
  type ClientFrame,
  DEFAULT_EVENT,
  formatCursor,
  type PublishFrame,
  quote,
  type ServerFrame,
  type SubscribeFrame,
  TidingsError,
  toOffset,
} from "@tidings/protocol";
import { checkEvents, defaultStart, readStart } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import type { Session } from "./session.ts";

/** Does what one frame of a `tidings.v1` client asks, and answers it; with an error where that is what it told. Never rejects. */
export async function handleFrame(
  services: Services,
  session: Session,
  frame: ClientFrame,
): Promise<TidingsError | undefined> {
  const { connection } = session;
  try {
    const answer = await perform(services, session, frame);
    if (answer === undefined) return undefined;
    session.gather();
    connection.send(answer);
    return undefined;
  } catch (caught) {
    const error = services.toError(caught);
    session.gather();
    session.tell(error, { id: "id" in frame ? frame.id : undefined });
    return error;
  }
}

/** Lets it on, at once wherever the application is not to be asked: frames are begun in the order they come. */
function check(session: Session, right: Right, name: string): Promise<void> | void {
  const waits = session.access.check(right, name);
  return waits === undefined ? undefined : session.hold(waits);
}

async function perform(
  services: Services,
  session: Session,
  frame: ClientFrame,
): Promise<ServerFrame | undefined> {
  const { connection } = session;
  switch (frame.type) {
    case "hello":
      if (frame.token !== undefined) await session.hold(session.renew(frame.token));
      return hello(session, frame.binary);
    case "subscribe":
      return subscribe(services, session, frame);
    case "unsubscribe": {
      const ended = connection.unsubscribe(frame.channel);
      if (ended === undefined) {
        throw new TidingsError(
          "NOT_SUBSCRIBED",
          `this connection does not read channel ${quote(frame.channel)}.`,
        );
      }
      const cursor = ended.cursor === undefined ? {} : { cursor: formatCursor(ended.cursor) };
      return { type: "ok", id: frame.id, channel: frame.channel, ...cursor };
    }
    case "publish":
      return publish(services, session, frame);
    case "command": {
      // Begun in this very turn, where nothing is to be waited for: a `cancel` may be right behind it.
      const waits = check(session, "command", frame.name);
      if (waits !== undefined) await waits;
      session.commands.begin(frame);
      return undefined;
    }
    case "cancel":
      session.commands.cancel(frame.id);
      return undefined;
    case "join": {
      const { id, channel, member, state } = frame;
      const waits = check(session, "presence", channel);
      if (waits !== undefined) await waits;
      return { type: "ok", id, channel, member: connection.attendance.join(channel, member, state) };
    }
    case "update": {
      const { id, channel, state } = frame;
      return { type: "ok", id, channel, member: connection.attendance.update(channel, state) };
    }
    case "leave": {
      const { id, channel } = frame;
      return { type: "ok", id, channel, member: connection.attendance.leave(channel) };
    }
    case "token":
      await session.hold(session.renew(frame.token));
      return { type: "ok", id: frame.id };
    case "ping":
      return { type: "pong", ...(frame.id === undefined ? {} : { id: frame.id }) };
  }
}

function hello(session: Session, binary: boolean | undefined): undefined {
  if (binary !== undefined && binary !== session.isBinary) {
    if (session.connection.channels.length > 0) {
      throw new TidingsError(
        "FRAME_INVALID",
        'say hello with "binary" before the first subscribe, or connect with ?binary.',
      );
    }
    session.isBinary = binary;
  }
  return undefined;
}

/** The answer, `ok`, is written by the connection, ahead of the first message. */
async function subscribe(services: Services, session: Session, frame: SubscribeFrame): Promise<undefined> {
  const { id, channel, since, last, events = [], gap = "continue", presence } = frame;
  const waits = check(session, "subscribe", channel);
  if (waits !== undefined) await waits;
  const alsoWaits = presence === true ? check(session, "presence", channel) : undefined;
  if (alsoWaits !== undefined) await alsoWaits;
  await session.connection.subscribe({
    id,
    channel,
    start: readStart(since, last, defaultStart(services, checkChannel(channel), false)),
    events: checkEvents(events, services.limits),
    onGap: gap,
    presence,
  });
}

async function publish({ publisher }: Services, session: Session, frame: PublishFrame): Promise<ServerFrame> {
  const {
    id,
    channel,
    event = DEFAULT_EVENT,
    key,
    idempotencyKey,
    ifOffset,
    ephemeral = false,
    kind,
    data,
    inline,
    preview,
    artifact,
  } = frame;
  const waits = check(session, "publish", channel);
  if (waits !== undefined) await waits;
  const names = {
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  const way = {
    ...(inline === undefined ? {} : { inline }),
    ...(preview === undefined ? {} : { preview }),
    ...(artifact === undefined ? {} : { artifactId: artifact }),
  };
  const condition = ifOffset === undefined ? {} : { ifOffset: toOffset(ifOffset) };
  const appended = await publisher.publish(channel, [{ event, kind, data, ...names, ...way }], {
    ephemeral,
    sender: session.sender,
    ...condition,
  });
  if (appended === undefined) return { type: "ok", id, channel };
  const { offset, appended: count } = appended;
  const duplicate = count === 0 ? { duplicate: true } : {};
  return { type: "ok", id, channel, cursor: formatCursor(appended), offset, ...duplicate };
}
