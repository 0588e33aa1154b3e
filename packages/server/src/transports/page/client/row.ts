import { copyOnClick, stamp, byClass } from "./dom.ts";
import { parseExact } from "./exact-json.ts";
import { formatBytes, formatClock, formatCount } from "./format.ts";
import { bytesOf, explainGap, type GapItem, type Item, type MessageItem, previewOf } from "./item.ts";
import { showJson } from "./json-view.ts";
import { visibleText } from "./visible-text.ts";

/** What is shown of an opened payload, in UTF-16 units; copying gives all of it. */
const LONGEST_SHOWN = 200_000;

/** Builds an item's line. All that comes from a message goes in as text, never as markup. */
export function buildRow(item: Item, nowMs: number): HTMLElement {
  return item.kind === "message" ? messageRow(item, nowMs) : gapRow(item);
}

function messageRow(item: MessageItem, nowMs: number): HTMLElement {
  const row = stamp("message-row");
  const time = byClass(row, "time");
  time.textContent = formatClock(item.timeMs, nowMs);
  time.setAttribute("datetime", item.time);
  const event = byClass(row, "event");
  event.textContent = item.event;
  event.title = item.event;
  event.style.setProperty("--hue", String(hueOf(item.event)));
  const key = byClass(row, "key");
  if (item.key === undefined) key.remove();
  else key.textContent = item.key;
  byClass(row, "preview").textContent = previewOf(item.payload);
  byClass(row, "cursor").textContent = item.cursor ?? "not kept";
  return row;
}

function gapRow({ gap }: GapItem): HTMLElement {
  const row = stamp("gap-row");
  const missed = gap.missed === null ? "Messages" : formatCount(gap.missed);
  const noun = gap.missed === null ? "" : gap.missed === 1 ? " message" : " messages";
  const verb = gap.missed === 1 ? "is" : "are";
  byClass(row, "gap-missed").textContent = `${missed}${noun} ${verb} missing here`;
  byClass(row, "gap-reason").textContent = `${gap.reason}: ${explainGap(gap.reason)}`;
  byClass(row, "gap-range").textContent = `${gap.from} → ${gap.to}`;
  return row;
}

/** Opens a message's row to its whole payload, or closes it again. */
export function toggleRow(row: HTMLElement, item: Item): void {
  if (item.kind !== "message") return;
  const open = row.querySelector(".details");
  byClass(row, "toggle").setAttribute("aria-expanded", String(open === null));
  row.classList.toggle("open", open === null);
  if (open !== null) return open.remove();
  row.append(detailsOf(item));
  row.scrollIntoView({ block: "nearest" });
}

function detailsOf(item: MessageItem): HTMLElement {
  const details = stamp("message-details");
  const facts = byClass(details, "facts");
  for (const [name, value] of factsOf(item)) {
    const term = document.createElement("dt");
    term.textContent = name;
    const description = document.createElement("dd");
    description.append(value);
    const fact = document.createElement("div");
    fact.append(term, description);
    facts.append(fact);
  }
  const payload = byClass(details, "payload");
  const whole = readable(item);
  if (whole.length > LONGEST_SHOWN) {
    payload.textContent = `${whole.slice(0, LONGEST_SHOWN)}\n… the first ${formatCount(LONGEST_SHOWN)} characters; Copy has all of it.`;
  } else if (item.payload.kind === "json") showJson(payload, whole);
  else payload.textContent = whole;
  copyOnClick(byClass(details, "copy-payload"), () => copied(item), payload);
  // Nothing is there to be read or copied.
  if (whole === "" && (item.payload.kind === "stored" || item.payload.kind === "deleted"))
    byClass(details, "payload-box").remove();
  return details;
}

function factsOf(item: MessageItem): readonly (readonly [name: string, value: string | HTMLElement])[] {
  const { artifact } = item.payload;
  return [
    ["Cursor", item.cursor ?? "none: ephemeral, delivered and not kept"],
    ["Time", item.time],
    ["Event", item.event],
    ...(item.key === undefined ? [] : [["Key", item.key] as const]),
    ["Payload", kindOf(item)],
    ...(artifact === undefined
      ? []
      : ([
          ["Stored at", linkTo(artifact.url)],
          ["SHA-256", artifact.sha256],
        ] as const)),
  ];
}

/** A link to an artifact of this server; anything else is text: a URL of a publisher's making could run as script. */
function linkTo(url: string): HTMLElement | string {
  if (!/^\/(?!\/)[A-Za-z0-9._~/-]+$/.test(url)) return url;
  const link = document.createElement("a");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.textContent = url;
  return link;
}

function kindOf({ payload }: MessageItem): string {
  switch (payload.kind) {
    case "json":
      return `JSON, ${formatBytes(utf8Bytes(payload.text))}`;
    case "text":
      return `text, ${formatBytes(utf8Bytes(payload.text))}`;
    case "bytes":
      return `${formatBytes(bytesOf(payload.text))}, shown as base64`;
    case "stored":
      return `${formatBytes(payload.artifact?.size ?? 0)} of ${payload.artifact?.type ?? "?"}${payload.text === "" ? "" : payload.hasData === true ? ", with data beside it" : ", shown by its preview"}`;
    case "deleted":
      return "none: the key is deleted";
  }
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function readable({ payload }: MessageItem): string {
  if (payload.kind === "json") return visibleText(indented(payload.text));
  return payload.kind === "text" || payload.kind === "stored" ? visibleText(payload.text) : payload.text;
}

function copied({ payload }: MessageItem): string {
  return payload.kind === "json" ? indented(payload.text) : payload.text;
}

function indented(json: string): string {
  return JSON.stringify(parseExact(json), null, 2) ?? json;
}

/** The same event has the same colour on every page. */
export function hueOf(event: string): number {
  let hash = 0;
  for (let at = 0; at < event.length; at++) hash = (hash * 143 + event.charCodeAt(at)) % 65_521;
  // Nine hues, well apart. With 143, what `tidings run` publishes gets one each, and stderr red.
  return (hash % 9) * 40 + 25;
}
