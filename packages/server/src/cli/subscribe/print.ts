import type { GapFrame, MessageObject } from "@tidings/protocol";
import { coloursFor, hasColours, isTerminal, printable } from "../terminal.ts";

/** One message for people: time, channel, event, data. */
export function formatMessage(message: MessageObject): string {
  const { dim, cyan, yellow } = coloursFor(process.stdout);
  const { channel, event, time } = message;
  const data = formatData(message);
  const label = event === undefined ? "" : `${yellow(printable(event, false))}  `;
  return `${dim(localTime(time))}  ${cyan(channel)}  ${label}${data}\n`;
}

export function formatGap({ channel, reason, missed, from, to }: GapFrame): string {
  const count = missed === null ? "messages are" : missed === 1 ? "1 message is" : `${missed} messages are`;
  const why = {
    expired: "the log no longer holds them",
    epoch: "the channel's log was reset",
    ahead: "the cursor is ahead of the log",
  };
  return `gap in ${channel}: ${count} missing between ${from} and ${to} (${why[reason] ?? reason}); reading goes on after ${to}`;
}

function formatData({ contentType, encoding, data }: MessageObject): string {
  if (encoding === "base64")
    return `<${Buffer.byteLength(String(data), "base64")} bytes: ${String(data).slice(0, 60)}…>`;
  const text = contentType === "text/plain" ? String(data) : JSON.stringify(data);
  // A program that reads this gets the text as it is; a terminal would obey what is in it.
  if (!isTerminal(process.stdout)) return text;
  const shown = printable(text, hasColours(process.stdout)).replaceAll("\n", "\n    ");
  // What a message colours and does not end would colour all that follows.
  return shown.includes("\u001b[") ? `${shown}\u001b[0m` : shown;
}

/** `14:03:07.512` of the reader's own clock. */
function localTime(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
