import type { Appended, PublishMessage } from "@tidings/core";
import { DEFAULT_EVENT, formatCursor, type PublishFrame, toOffset } from "@tidings/protocol";
import type { Services } from "../../http/services.ts";
import type { Session } from "./session.ts";

/** What stands in JSON as it is. */
const PLAIN = /^[\w.-]*$/;

/**
 * Publishes what a frame brings, and answers it; `onAnswered` is called then. Hundreds of them may come in one turn: none
 * waits for anything but the log, and makes one promise, of the answer.
 */
export function publish(
  services: Services,
  session: Session,
  frame: PublishFrame,
  onAnswered: () => void,
): void {
  const refuse = (caught: unknown): void => {
    session.tell(services.toError(caught), { id: frame.id });
    onAnswered();
  };
  const begin = (): void => {
    const { ephemeral = false, ifOffset } = frame;
    const { sender } = session;
    const options =
      ifOffset === undefined ? { ephemeral, sender } : { ephemeral, sender, ifOffset: toOffset(ifOffset) };
    services.publisher.publish(frame.channel, [messageOf(frame)], options).then((appended) => {
      answer(session, frame, appended);
      onAnswered();
    }, refuse);
  };
  let waits: Promise<void> | undefined;
  try {
    waits = session.admit("publish", frame.channel) ?? undefined;
  } catch (error) {
    return refuse(error);
  }
  if (waits === undefined) begin();
  else waits.then(begin, refuse);
}

function messageOf(frame: PublishFrame): PublishMessage {
  const { event = DEFAULT_EVENT, kind, data, key, idempotencyKey, inline, preview, artifact } = frame;
  const isPlain = inline === undefined && preview === undefined && artifact === undefined;
  if (isPlain && key === undefined && idempotencyKey === undefined) return { event, kind, data };
  return {
    event,
    kind,
    data,
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(inline === undefined ? {} : { inline }),
    ...(preview === undefined ? {} : { preview }),
    ...(artifact === undefined ? {} : { artifactId: artifact }),
  };
}

/** Its channel's name was checked, so it is ASCII without anything to escape, as a cursor is. */
function answer({ answers }: Session, { id, channel }: PublishFrame, appended: Appended | undefined): void {
  const isPlain = PLAIN.test(id);
  const start = `{"type":"ok","id":${isPlain ? `"${id}"` : JSON.stringify(id)},"channel":"${channel}"`;
  const end =
    appended === undefined
      ? "}"
      : `,"cursor":"${formatCursor(appended)}","offset":${appended.offset}${appended.appended === 0 ? ',"duplicate":true}' : "}"}`;
  if (isPlain) answers.addPlain(start + end);
  else answers.add(start + end);
}
