import type { Artifact, Gap, Message } from "@tidings/client";
import type { Server } from "../api.ts";
import { coloursFor, hasColours, isTerminal, printable } from "../terminal.ts";

/** What a line for people shows of a preview. */
const MAX_PREVIEW_LINES = 3;
const MAX_PREVIEW_CHARACTERS = 240;

/** The event of a message that was published without one. */
const DEFAULT_EVENT = "message";

/**
 * The object as it travelled, for programs: bytes in base64, no event where there was none, and an artifact's URL from
 * the server's root on.
 */
export function toObject(item: Message | Gap, server: Server): object {
  if (item.type === "gap") return item;
  const { type, channel, cursor, event, key, time, contentType, data, artifact, preview, deleted } = item;
  // In the order of the server's own, which is that of people too: what it is of, and then its payload.
  return {
    type,
    channel,
    cursor,
    event: event === DEFAULT_EVENT ? undefined : event,
    key,
    time,
    contentType,
    ...(data instanceof Uint8Array
      ? { encoding: "base64", data: Buffer.from(data).toString("base64") }
      : { data }),
    artifact: artifact && { ...artifact, url: withoutRoot(artifact.url, server) },
    preview,
    deleted,
  };
}

function withoutRoot(url: string, server: Server): string {
  return url.startsWith(`${server.url}/`) ? url.slice(server.url.length) : url;
}

/** One message for people: time, channel, event, key where there is one, data. */
export function formatMessage(message: Message): string {
  const { dim, cyan, yellow } = coloursFor(process.stdout);
  const { channel, event, time, artifact, preview, data: beside = preview } = message;
  const data = artifact === undefined ? formatData(message) : formatArtifact(artifact, beside);
  const label = event === DEFAULT_EVENT ? "" : `${yellow(printable(event, false))}  `;
  return `${dim(localTime(time))}  ${cyan(channel)}  ${label}${data}\n`;
}

/** `<1.2 MB of text/csv: http://…/artifacts/…>`, and what is shown of it. */
function formatArtifact({ url, size, type }: Artifact, preview: unknown): string {
  const told = `<${formatBytes(size)} of ${printable(type, false)}: ${printable(url, false)}>`;
  if (preview === undefined) return told;
  const text = typeof preview === "string" ? preview : JSON.stringify(preview);
  // Enough to know it by: who wants more fetches it, and the channel's other messages stay in sight.
  const first = text.split("\n", MAX_PREVIEW_LINES).join("\n").slice(0, MAX_PREVIEW_CHARACTERS);
  return `${told} ${shown(first.length < text.trimEnd().length ? `${first}…` : first.trimEnd())}`;
}

function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes === 0 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1_000 ** power).toFixed(1))} ${units[power]}`;
}

export function formatGap({ channel, reason, missed, from, to }: Gap): string {
  const count = missed === null ? "messages are" : missed === 1 ? "1 message is" : `${missed} messages are`;
  const why = {
    expired: "the log no longer holds them",
    epoch: "the channel's log was reset",
    ahead: "the cursor is ahead of the log",
  };
  return `gap in ${channel}: ${count} missing between ${from} and ${to} (${why[reason] ?? reason}); reading goes on after ${to}`;
}

function formatData({ contentType, data, deleted, key }: Message): string {
  if (deleted === true) return `deleted ${printable(key ?? "", false)}`;
  if (data instanceof Uint8Array) {
    return `<${data.byteLength} bytes: ${Buffer.from(data).toString("base64").slice(0, 60)}…>`;
  }
  return shown(contentType === "text/plain" ? String(data) : JSON.stringify(data));
}

function shown(text: string): string {
  // A program that reads this gets the text as it is; a terminal would obey what is in it.
  if (!isTerminal(process.stdout)) return text;
  const safe = printable(text, hasColours(process.stdout)).replaceAll("\n", "\n    ");
  // What a message colours and does not end would colour all that follows.
  return safe.includes("\u001b[") ? `${safe}\u001b[0m` : safe;
}

/** `14:03:07.512` of the reader's own clock. */
function localTime(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
