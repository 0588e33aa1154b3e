// The live page of one channel. What stands in the page's markup is found by id; src/transports/page/markup.ts has it.
import type { ReadOptions } from "@tidings/client/sse";
import { commandsFor, publishCommand } from "./commands.ts";
import { announce, byClass, byId, copyOnClick, setHidden, showText, stamp } from "./dom.ts";
import { EventChips } from "./event-chips.ts";
import { type Filter, isActive, SEE_ALL } from "./filter.ts";
import { formatCount, plural } from "./format.ts";
import { loadEarlier } from "./history.ts";
import { toGapItem, toItem } from "./item.ts";
import { listenForKeys } from "./keys.ts";
import { MessageList } from "./list.ts";
import { Publisher } from "./publisher.ts";
import { Status, unseenWords } from "./status.ts";
import { ChannelStream } from "./stream.ts";

/** How many of the newest messages the page begins with, where its URL does not say. */
const BEGIN_WITH = 200;

const channel = document.body.dataset["channel"] ?? "";
// The page's own URL, and what the server is mounted at, wherever that is.
const url = location.origin + location.pathname;
const root = location.origin + decodeURIComponent(location.pathname).slice(0, -`/channels/${channel}`.length);
const asked = new URLSearchParams(location.search);
const events = asked.getAll("event");

const list = new MessageList({ changed: () => drawList(), trimmed: () => setStart(undefined) });
const chips = new EventChips(() => applyFilter());
const status = new Status(() => stream.reconnectNow());
const publisher = new Publisher(url);
const stream = new ChannelStream(
  { root, channel, events: events.length > 0 ? events : undefined, ...startOf(asked) },
  {
    state: (state) => {
      status.setState(state);
      drawList();
    },
    // Read from the very beginning, so there is nothing before it.
    begun: (cursor) => cursor.endsWith(".0") && setStart(startWords(undefined)),
    clock: (aheadMs) => status.setClock(aheadMs),
    gap: (gap) => list.add(toGapItem(gap)),
    message: (message) => {
      const item = toItem(message);
      status.received(item.timeMs);
      chips.count(item.event);
      list.add(item);
    },
  },
);

const search = byId<HTMLInputElement>("search");
const matchingNote = byId("matching");
const pauseButton = byId("pause");
const pauseLabel = byClass(pauseButton, "label");
const tailButton = byId("to-tail");
const tailLabel = byClass(tailButton, "label");
const emptyNote = byId("empty");
const earlierLine = byId("earlier");
const earlierButton = byId<HTMLButtonElement>("load-earlier");
const earlierNote = byId("earlier-note");
let filter: Filter = SEE_ALL;
/** What is said above the first row where nothing earlier can be loaded. */
let startNote: string | undefined;

function startOf(query: URLSearchParams): Pick<ReadOptions, "since" | "last"> {
  const since = query.get("since") ?? undefined;
  const last = query.get("last");
  if (last !== null) return { since, last: Number(last) };
  return since === undefined ? { last: BEGIN_WITH } : { since };
}

function drawList(): void {
  const { isPaused, isFollowing, unseen, rowCount } = list;
  drawPause(isPaused);
  setHidden(tailButton, isFollowing);
  if (!isFollowing) showText(tailLabel, `${isPaused ? "Paused · " : ""}${unseenWords(unseen)}`);
  const title = unseen > 0 ? `(${formatCount(unseen)}) ${channel}` : channel;
  if (document.title !== title) document.title = title;
  setHidden(emptyNote, !list.isEmpty || status.kind !== "live");
  setHidden(earlierLine, rowCount === 0);
  setHidden(earlierButton, startNote !== undefined || !list.hasRoom);
  chips.draw();
  const matching = `${formatCount(list.matchingCount)} of ${formatCount(rowCount)}`;
  showText(matchingNote, isActive(filter) ? matching : "");
}

function drawPause(isPaused: boolean): void {
  if (pauseButton.getAttribute("aria-pressed") === String(isPaused)) return;
  pauseButton.setAttribute("aria-pressed", String(isPaused));
  showText(pauseLabel, isPaused ? "Resume" : "Pause");
}

function applyFilter(): void {
  filter = { text: search.value.trim().toLowerCase(), events: chips.pressed };
  list.filterBy(filter);
}

function togglePause(): void {
  if (list.isPaused) list.follow();
  else list.pause();
  announce(list.isPaused ? "Paused" : "Following");
}

async function earlier(): Promise<void> {
  const before = list.oldestCursor ?? stream.startCursor;
  if (before === undefined) return;
  earlierButton.disabled = true;
  try {
    const isInclusive = list.oldestCursor === undefined;
    const { messages, isStart, gap } = await loadEarlier({ url, before, isInclusive, events });
    const items = messages.map((message) => toItem(message));
    for (const { event } of items) chips.count(event);
    list.prepend(items);
    announce(`${plural(items.length, "earlier message")} loaded`);
    if (isStart) setStart(startWords(gap?.missed));
    else earlierNote.textContent = list.hasRoom ? "" : "The page holds no more; curl reads the rest.";
    drawList();
  } catch (error) {
    earlierNote.textContent = (error as Error).message;
  } finally {
    earlierButton.disabled = false;
  }
}

function setStart(note: string | undefined): void {
  startNote = note;
  earlierNote.textContent = note ?? "";
}

function startWords(missed: number | null | undefined): string {
  if (missed === undefined) return "The channel begins here.";
  return missed === null
    ? "Nothing older is kept."
    : `Nothing older is kept: ${plural(missed, "message")} went before.`;
}

function fillCommands(): void {
  const readUrl =
    events.length === 0 ? url : `${url}?${new URLSearchParams(events.map((event) => ["event", event]))}`;
  for (const { label, line } of commandsFor(readUrl)) {
    const row = stamp("command-row");
    byClass(row, "command-label").textContent = label;
    const code = byClass(row, "command-line");
    code.textContent = line;
    copyOnClick(byClass(row, "copy"), () => line, code);
    byId("commands").append(row);
  }
  byId("empty-command").textContent = publishCommand(url);
  copyOnClick(byId("copy-empty"), () => publishCommand(url), byId("empty-command"));
}

function openDialog(id: string): void {
  byId<HTMLDialogElement>(id).showModal();
}

pauseButton.addEventListener("click", togglePause);
tailButton.addEventListener("click", () => list.follow());
earlierButton.addEventListener("click", () => void earlier());
byId("open-commands").addEventListener("click", () => openDialog("commands-dialog"));
byId("open-help").addEventListener("click", () => openDialog("help-dialog"));
search.addEventListener("input", applyFilter);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") byId("scroller").focus();
});
for (const dialog of document.querySelectorAll("dialog")) {
  byClass(dialog, "close").addEventListener("click", () => dialog.close());
  // A press on what is around a dialog reaches the dialog itself.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

listenForKeys({
  pause: togglePause,
  filter: () => search.focus(),
  toTail: () => list.follow(),
  help: () => openDialog("help-dialog"),
  publish: () => publisher.toggle(),
  wrap: () => byId("rows").classList.toggle("wrap"),
  move: (step) => list.move(step),
  open: () => list.toggleCurrent(),
  escape: () => {
    if (document.activeElement === search) {
      search.value = "";
      applyFilter();
    }
    byId("scroller").focus();
  },
});

setInterval(() => {
  // Two hundred pages left open in the background should cost nothing.
  if (!document.hidden) status.draw();
  drawList();
}, 1_000);

fillCommands();
applyFilter();
// So that Page Up and Home work at once. A ring around all of it would only be noise before a key is pressed.
byId("scroller").focus({ preventScroll: true });
addEventListener("keydown", () => document.body.classList.remove("untouched"), { once: true, capture: true });
stream.open();
