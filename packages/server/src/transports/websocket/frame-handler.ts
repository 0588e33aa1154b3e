import {
  checkChannel,
  type ClientFrame,
  formatCursor,
  type PublishFrame,
  quote,
  type ServerFrame,
  type SubscribeFrame,
  TidingsError,
} from "@tidings/protocol";
import { checkEvents, defaultStart, readStart } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import type { Session } from "./session.ts";

/** What {@link publish} takes is not among them. */
type OtherFrame = Exclude<ClientFrame, PublishFrame>;

/** Does what one frame of a `tidings.v1` client asks, and answers it; with an error where that is what it told. Never rejects. */
export async function handleFrame(
  services: Services,
  session: Session,
  frame: OtherFrame,
): Promise<TidingsError | undefined> {
  try {
    const answer = await perform(services, session, frame);
    if (answer !== undefined) session.answers.add(JSON.stringify(answer));
    return undefined;
  } catch (caught) {
    const error = services.toError(caught);
    session.tell(error, { id: "id" in frame ? frame.id : undefined });
    return error;
  }
}

async function perform(
  services: Services,
  session: Session,
  frame: OtherFrame,
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
    case "command": {
      // Begun in this very turn, where nothing is to be waited for: a `cancel` may be right behind it.
      const waits = session.admit("command", frame.name);
      if (waits !== undefined) await waits;
      session.commands.begin(frame);
      return undefined;
    }
    case "cancel":
      session.commands.cancel(frame.id);
      return undefined;
    case "join": {
      const { id, channel, member, state } = frame;
      const waits = session.admit("presence", channel);
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
  const waits = session.admit("subscribe", channel);
  if (waits !== undefined) await waits;
  const alsoWaits = presence === true ? session.admit("presence", channel) : undefined;
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
