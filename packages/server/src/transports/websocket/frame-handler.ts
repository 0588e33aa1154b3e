import type { Connection, Sender } from "@tidings/core";
import {
  checkChannel,
  type ClientFrame,
  DEFAULT_EVENT,
  errorFrame,
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

/** Does what one frame of a `tidings.v1` client asks, and answers it. Never rejects. */
export async function handleFrame(services: Services, session: Session, frame: ClientFrame): Promise<void> {
  const { connection } = session;
  try {
    const answer = await perform(services, session, frame);
    if (answer === undefined) return;
    session.gather();
    connection.send(answer);
  } catch (error) {
    session.gather();
    connection.send(errorFrame(services.toError(error), { id: "id" in frame ? frame.id : undefined }));
  }
}

async function perform(
  services: Services,
  session: Session,
  frame: ClientFrame,
): Promise<ServerFrame | undefined> {
  const { connection } = session;
  switch (frame.type) {
    case "hello":
      return hello(session, frame.binary);
    case "subscribe":
      return subscribe(services, connection, frame);
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
      return publish(services, frame, session.sender);
    case "command":
      session.commands.begin(frame);
      return undefined;
    case "cancel":
      session.commands.cancel(frame.id);
      return undefined;
    case "join": {
      const { id, channel, member, state } = frame;
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
      return { type: "ok", id: frame.id }; // the server is open: there is nothing to renew
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
async function subscribe(
  services: Services,
  connection: Connection,
  frame: SubscribeFrame,
): Promise<undefined> {
  const { id, channel, since, last, events = [], gap = "continue", presence } = frame;
  await connection.subscribe({
    id,
    channel,
    start: readStart(since, last, defaultStart(services, checkChannel(channel), false)),
    events: checkEvents(events, services.limits),
    onGap: gap,
    presence,
  });
}

async function publish({ publisher }: Services, frame: PublishFrame, sender: Sender): Promise<ServerFrame> {
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
    sender,
    ...condition,
  });
  if (appended === undefined) return { type: "ok", id, channel };
  const { offset, appended: count } = appended;
  const duplicate = count === 0 ? { duplicate: true } : {};
  return { type: "ok", id, channel, cursor: formatCursor(appended), offset, ...duplicate };
}
