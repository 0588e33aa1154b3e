/** The page's whole style. A string and not a file: `tsc -b` copies no files to `dist`. */
export const PAGE_STYLE: string = `
:root {
  color-scheme: light dark;
  --page: #faf9f6; --surface: #fff; --raised: #f2f0eb; --line: #e5e2da; --ink: #23262b; --soft: #5d646d;
  --accent: #216a58; --on-accent: #fff; --select: #e6f0ec;
  --good: #2c8a6d; --busy: #2f6fb5; --warn: #9a6100; --bad: #b3261e; --gap: #fdf3dd; --gap-line: #e3b95b;
  --event-l: 42%; --event-c: 0.1; --shadow: 0 6px 24px rgb(40 36 28 / 16%);
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --surface: #1a1d22; --raised: #22262c; --line: #2b3037; --ink: #dfe2e6; --soft: #98a1ab;
    --accent: #74c9af; --on-accent: #10231d; --select: #1e2f2b;
    --good: #55c7a2; --busy: #6fa8e8; --warn: #e2b04a; --bad: #ff8f85; --gap: #2c2616; --gap-line: #80662a;
    --event-l: 80%; --event-c: 0.09; --shadow: 0 6px 24px rgb(0 0 0 / 55%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); height: 100dvh; overflow: hidden;
  background: var(--page); color: var(--ink); font: 14px/1.5 system-ui, sans-serif;
}
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }

button, input, select, textarea { font: inherit; color: inherit; }
button {
  display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 32px; padding: 0 11px;
  border: 1px solid var(--line); border-radius: 8px; background: var(--surface); cursor: pointer;
}
button:hover { background: var(--raised); }
button:disabled { opacity: 0.55; cursor: default; }
button.small { min-height: 26px; padding: 0 9px; font-size: 12.5px; border-radius: 7px; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button.primary:hover { filter: brightness(1.08); }
svg { width: 15px; height: 15px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }

header { padding: 12px 18px 10px; background: var(--surface); border-bottom: 1px solid var(--line); }
.bar { display: flex; align-items: center; gap: 16px; }
h1 { flex: 1; min-width: 0; margin: 0; font: 600 17px/1.4 var(--mono); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.actions { display: flex; gap: 6px; }
#pause .when-paused { display: none; fill: currentColor; }
#pause[aria-pressed="true"] { background: var(--select); border-color: var(--accent); color: var(--accent); }
#pause[aria-pressed="true"] .when-paused { display: inline; }
#pause[aria-pressed="true"] .when-following { display: none; }

.status { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px; min-height: 28px; margin-top: 4px; color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
#state { display: inline-flex; align-items: center; gap: 8px; color: var(--tone); font-weight: 600; --tone: var(--soft); }
#state[data-state="live"] { --tone: var(--good); }
#state[data-state="catching-up"] { --tone: var(--busy); }
#state:is([data-state="waiting"], [data-state="offline"]) { --tone: var(--warn); }
#state[data-state="stopped"] { --tone: var(--bad); }
.dot { width: 9px; height: 9px; border-radius: 50%; background: var(--tone); }
#state-text { color: color-mix(in oklab, var(--tone) 62%, var(--ink)); }
[data-state="live"] .dot { animation: breathe 3.2s ease-in-out infinite; }
:is([data-state="connecting"], [data-state="waiting"], [data-state="offline"]) .dot { background: transparent; box-shadow: inset 0 0 0 2px var(--tone); }
[data-state="stopped"] .dot { border-radius: 2px; }
.fact::before { content: "·"; margin-right: 8px; }
@keyframes breathe { 50% { box-shadow: 0 0 0 4px color-mix(in srgb, var(--tone) 22%, transparent); } }

.filters { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; margin-top: 8px; }
#search { flex: 0 1 260px; min-width: 130px; height: 32px; padding: 0 11px; border: 1px solid var(--line); border-radius: 8px; background: var(--page); }
::placeholder { color: var(--soft); opacity: 1; }
#matching { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
#chips { display: flex; flex-wrap: wrap; gap: 6px; max-height: 66px; overflow: auto; padding: 2px; margin: -2px; }
.chip { min-height: 26px; padding: 0 10px; border-radius: 13px; font-size: 12.5px; max-width: 220px; }
.chip-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate; color: oklch(var(--event-l) var(--event-c) var(--hue)); font-family: var(--mono); }
.chip-count { color: var(--soft); font-variant-numeric: tabular-nums; }
.chip[aria-pressed="true"] { background: var(--select); border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
#problem { margin: 8px 0 0; padding: 8px 12px; border: 1px solid var(--bad); border-radius: 8px; color: var(--bad); overflow-wrap: anywhere; }

.stage { position: relative; }
#scroller { position: absolute; inset: 0; contain: strict; overflow: auto; overscroll-behavior: contain; padding: 6px 0 14px; scrollbar-gutter: stable; }
#scroller:focus-visible { outline-offset: -2px; }
.untouched #scroller:focus-visible { outline: none; }
#earlier { display: flex; align-items: center; gap: 10px; padding: 6px 18px 8px; color: var(--soft); font-size: 13px; }
#rows { font: 12.5px/20px var(--mono); }
.chunk { content-visibility: auto; contain-intrinsic-block-size: calc(var(--rows) * var(--row-height)); --row-height: 26px; }
.uneven, .wrap .chunk { contain-intrinsic-block-size: auto calc(var(--rows) * var(--row-height)); }
.row {
  display: grid; grid-template-columns: 18px 98px minmax(48px, 110px) minmax(0, 1fr) auto; column-gap: 12px; align-items: baseline;
  padding: 3px 18px 3px 12px; cursor: pointer;
}
.row:hover { background: var(--raised); }
.row[aria-current] { background: var(--select); box-shadow: inset 3px 0 var(--accent); }
.row.open { background: var(--surface); box-shadow: inset 3px 0 var(--line); }
.row.open[aria-current] { box-shadow: inset 3px 0 var(--accent); }
.toggle { width: 18px; height: 18px; min-height: 0; padding: 0; border: 0; border-radius: 4px; background: none; align-self: start; margin-top: 1px; }
.toggle::before { content: ""; width: 5px; height: 5px; border: solid var(--soft); border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg); opacity: 0.55; }
.row:hover > .toggle::before, .toggle:focus-visible::before { opacity: 1; }
.toggle[aria-expanded="true"]::before { transform: translateY(-1px) rotate(45deg); opacity: 1; }
.time, .cursor { color: var(--soft); white-space: nowrap; font-variant-numeric: tabular-nums; }
.cursor { font-size: 11.5px; }
.event { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate; color: oklch(var(--event-l) var(--event-c) var(--hue)); }
.body { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: pre; }
.wrap .body { white-space: pre-wrap; overflow-wrap: anywhere; }
.preview { unicode-bidi: isolate; }
.key { margin-right: 8px; padding: 0 6px; border-radius: 5px; background: var(--raised); color: var(--soft); unicode-bidi: isolate; }

.gap {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 14px; margin: 8px 18px; padding: 7px 14px;
  border: 1px dashed var(--gap-line); border-radius: 8px; background: var(--gap); font-family: system-ui, sans-serif; font-size: 13px;
}
.gap-range { color: var(--soft); font: 12px var(--mono); overflow-wrap: anywhere; }

.details { grid-column: 2 / -1; margin: 6px 0 10px; cursor: auto; min-width: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 0 0 8px; font-size: 12px; }
.facts > div { display: flex; gap: 7px; min-width: 0; }
.facts dt { color: var(--soft); font-family: system-ui, sans-serif; }
.facts dd { min-width: 0; margin: 0; overflow-wrap: anywhere; unicode-bidi: isolate; }
.payload-box { position: relative; }
.payload { margin: 0; max-height: 60dvh; overflow: auto; padding: 11px 84px 11px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--page); font: 12.5px/1.55 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.copy-payload { position: absolute; top: 7px; right: 14px; }
.json-key { color: var(--accent); }
.json-string { color: oklch(var(--event-l) var(--event-c) 70); }
.json-value { color: oklch(var(--event-l) var(--event-c) 285); }

#empty { max-width: 620px; margin: 12dvh auto 0; padding: 0 18px; text-align: center; color: var(--soft); }
.empty-title { margin: 0; font-size: 18px; color: var(--ink); }
.command { display: flex; gap: 10px; align-items: center; margin: 0; padding: 8px 8px 8px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--page); text-align: left; }
#empty .command { background: var(--surface); margin-top: 18px; color: var(--ink); }
.command code { flex: 1; min-width: 0; font: 12.5px/1.5 var(--mono); overflow-wrap: anywhere; }

#to-tail {
  position: absolute; left: 50%; bottom: 18px; transform: translateX(-50%); border-radius: 18px; min-height: 36px; padding: 0 16px;
  background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; box-shadow: var(--shadow); font-variant-numeric: tabular-nums;
}
#to-tail:hover { filter: brightness(1.08); }

#publisher { padding: 12px 18px 14px; background: var(--surface); border-top: 1px solid var(--line); }
.fields { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; }
.fields label { display: inline-flex; align-items: center; gap: 8px; color: var(--soft); font-size: 13px; }
.fields input, .fields select, textarea { height: 32px; padding: 0 10px; border: 1px solid var(--line); border-radius: 8px; background: var(--page); color: var(--ink); }
.fields input { width: 160px; }
textarea { display: block; width: 100%; height: auto; min-height: 74px; max-height: 40dvh; margin: 8px 0; padding: 8px 10px; font: 12.5px/1.5 var(--mono); resize: vertical; }
.send { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; }
#publish-outcome { flex: 1; min-width: 0; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
#publish-outcome.bad { color: var(--bad); }

dialog { width: min(560px, calc(100vw - 24px)); max-height: calc(100dvh - 24px); padding: 18px 20px 20px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); color: var(--ink); box-shadow: var(--shadow); }
#commands-dialog { width: min(820px, calc(100vw - 24px)); }
dialog::backdrop { background: rgb(20 20 20 / 38%); }
.dialog-head { display: flex; align-items: center; justify-content: space-between; margin-bottom: 12px; }
h2 { margin: 0; font-size: 16px; }
.keys { margin: 0; }
.keys > div { display: flex; gap: 14px; padding: 5px 0; }
.keys dt { flex: 0 0 150px; }
.keys dd { margin: 0; }
kbd { display: inline-block; min-width: 24px; padding: 0 6px; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 6px; background: var(--raised); font: 12px/20px var(--mono); text-align: center; }
.note { margin: 12px 0 0; color: var(--soft); }
.command-row { margin-top: 12px; }
.command-label { display: block; margin-bottom: 4px; color: var(--soft); font-size: 13px; }

@media (max-width: 640px) {
  header { padding: 9px 12px 8px; }
  .bar { gap: 10px; }
  .actions .label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .actions button { width: 38px; min-height: 38px; padding: 0; }
  .status { margin-top: 2px; font-size: 12.5px; gap: 0 6px; }
  .fact::before { margin-right: 6px; }
  #search { flex: 1 1 100%; height: 38px; font-size: 16px; }
  #chips { flex-wrap: nowrap; max-width: 100%; overflow-x: auto; }
  .chip { flex: none; min-height: 32px; border-radius: 16px; }
  .chunk { --row-height: 48px; }
  .row { grid-template-columns: 14px minmax(0, auto) minmax(0, 1fr) auto; column-gap: 8px; padding: 4px 12px 4px 8px; }
  .time { grid-column: 2; font-size: 11.5px; }
  .event { grid-column: 3; }
  .cursor { grid-column: 4; grid-row: 1; max-width: 24vw; overflow: hidden; text-overflow: ellipsis; direction: rtl; unicode-bidi: plaintext; }
  .body { grid-column: 2 / -1; grid-row: 2; }
  .details { grid-column: 1 / -1; }
  .gap { margin: 8px 12px; }
  #earlier { padding: 6px 12px; }
  #publisher { padding: 10px 12px 12px; }
  .fields input, .fields select, textarea { font-size: 16px; }
  .fields { gap: 8px 10px; }
  .fields input { width: 110px; }
  button.small { min-height: 32px; }
  dialog { padding: 14px; }
  .keys dt { flex-basis: 118px; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .dot { background: CanvasText; forced-color-adjust: none; }
  .row[aria-current] { outline: 2px solid Highlight; outline-offset: -2px; }
}
`;
