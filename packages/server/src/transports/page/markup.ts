/** What the page's one document is made of. All of it is HTML already, but for the channel. */
export interface PageParts {
  readonly channel: string;
  readonly style: string;
  readonly script: string;
}

/** Text as it may stand in HTML, in an element or an attribute in double quotes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const FAVICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Ccircle cx='8' cy='8' r='3' fill='%232f7d69'/%3E" +
  "%3Cpath d='M3 13a7 7 0 0 1 0-10M13 3a7 7 0 0 1 0 10' fill='none' stroke='%232f7d69' stroke-width='1.6' stroke-linecap='round'/%3E%3C/svg%3E";

/** The document. Style and script are its only ones, and nothing is fetched but the channel. */
export function pageMarkup({ channel, style, script }: PageParts): string {
  const name = escapeHtml(channel);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<link rel="icon" href="${FAVICON}">
<style>${style}</style>
</head>
<body class="untouched" data-channel="${name}">
<header>
  <div class="bar">
    <h1 title="${name}"><bdi>${name}</bdi></h1>
    <div class="actions">
      <button type="button" id="pause" aria-pressed="false" aria-keyshortcuts="p Space">${icon("pause")}<span class="label">Pause</span></button>
      <button type="button" id="open-publisher" aria-expanded="false" aria-controls="publisher" aria-keyshortcuts="n">${icon("send")}<span class="label">Publish</span></button>
      <button type="button" id="open-commands" aria-haspopup="dialog">${icon("terminal")}<span class="label">Terminal</span></button>
      <button type="button" id="open-help" aria-haspopup="dialog" aria-keyshortcuts="?">${icon("help")}<span class="label">Keys</span></button>
    </div>
  </div>
  <div class="status">
    <span id="state" data-state="connecting"><span class="dot" aria-hidden="true"></span><span id="state-text">Connecting</span></span>
    <button type="button" id="retry" class="small" hidden>Now</button>
    <span class="fact" title="Server-Sent Events: one HTTP response that stays open">SSE</span>
    <span class="fact" id="behind" hidden></span>
    <span class="fact" id="last" hidden></span>
    <span class="fact" id="rate" hidden></span>
  </div>
  <div class="filters" role="search">
    <input type="search" id="search" placeholder="Filter" aria-label="Filter messages by text" aria-keyshortcuts="/" autocomplete="off" spellcheck="false">
    <span id="matching" hidden></span>
    <div id="chips" role="group" aria-label="Events" hidden></div>
  </div>
  <p id="problem" hidden></p>
</header>
<div class="stage">
<main id="scroller" tabindex="0" aria-label="Messages of ${name}">
  <div id="earlier" hidden><button type="button" id="load-earlier" class="small">Load earlier</button> <span id="earlier-note"></span></div>
  <div id="rows" role="list"></div>
  <div id="empty" hidden>
    <p class="empty-title">Nothing here yet</p>
    <p>The first message shows up the moment it is published.</p>
    <p class="command"><code id="empty-command"></code><button type="button" id="copy-empty" class="small">Copy</button></p>
  </div>
</main>
<button type="button" id="to-tail" aria-keyshortcuts="End g" hidden>${icon("down")}<span class="label"></span></button>
</div>
<section id="publisher" aria-label="Publish a message" hidden>
  <form id="publish-form">
    <div class="fields">
      <label>Event <input id="publish-event" placeholder="message" maxlength="255" autocomplete="off" spellcheck="false"></label>
      <label>Data as <select id="publish-kind"><option value="json">JSON</option><option value="text">text</option></select></label>
    </div>
    <textarea id="publish-data" aria-label="Data" rows="3" spellcheck="false">{"hello":"world"}</textarea>
    <div class="send"><button id="publish-send" class="primary" aria-keyshortcuts="Control+Enter Meta+Enter">Publish</button><span id="publish-outcome"></span><button type="button" id="close-publisher" class="small">Close</button></div>
  </form>
</section>
<dialog id="help-dialog" aria-labelledby="help-title">
  <div class="dialog-head"><h2 id="help-title">Keys</h2><button type="button" class="close small">Close</button></div>
  <dl class="keys">
    ${keyLine(["Space", "p"], "Pause, and go on")}
    ${keyLine(["End", "g"], "Jump to the newest and follow")}
    ${keyLine(["↑", "↓", "k", "j"], "Select a message")}
    ${keyLine(["Enter"], "Open and close it")}
    ${keyLine(["/"], "Filter; Esc clears it")}
    ${keyLine(["w"], "Wrap long lines")}
    ${keyLine(["n"], "Publish a message")}
    ${keyLine(["?"], "This help")}
  </dl>
  <p class="note">Scrolling up stops following too. What arrives meanwhile waits below, and nothing moves under your eyes.</p>
</dialog>
<dialog id="commands-dialog" aria-labelledby="commands-title">
  <div class="dialog-head"><h2 id="commands-title">The same URL in a terminal</h2><button type="button" class="close small">Close</button></div>
  <div id="commands"></div>
</dialog>
<p id="announcer" role="status" class="unseen"></p>
<template id="message-row"><div class="row" role="listitem"><button type="button" class="toggle" tabindex="-1" aria-expanded="false"><span class="unseen">Whole message</span></button><time class="time"></time><span class="event"></span><span class="body"><span class="key"></span><span class="preview"></span></span><span class="cursor"></span></div></template>
<template id="gap-row"><div class="gap" role="listitem" tabindex="-1"><strong class="gap-missed"></strong><span class="gap-reason"></span><code class="gap-range"></code></div></template>
<template id="message-details"><div class="details"><dl class="facts"></dl><div class="payload-box"><pre class="payload" tabindex="0"></pre><button type="button" class="copy-payload small">Copy</button></div></div></template>
<template id="command-row"><div class="command-row"><span class="command-label"></span><p class="command"><code class="command-line"></code><button type="button" class="copy small">Copy</button></p></div></template>
<script type="module">${script}</script>
</body>
</html>
`;
}

function keyLine(keys: readonly string[], meaning: string): string {
  return `<div><dt>${keys.map((key) => `<kbd>${escapeHtml(key)}</kbd>`).join(" ")}</dt><dd>${meaning}</dd></div>`;
}

const ICONS = {
  pause:
    '<path class="when-following" d="M5.5 3.5v9M10.5 3.5v9"/><path class="when-paused" d="M5 3.2v9.6l7.5-4.8z"/>',
  send: '<path d="M13.5 2.5 7 9M13.5 2.5l-4 11L7 9 2.5 6.5z"/>',
  terminal: '<path d="m3 4.5 3.5 3.5L3 11.5M8.5 12H13"/>',
  help: '<path d="M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5 9.3h6"/>',
  down: '<path d="M8 3v10M3.5 8.5 8 13l4.5-4.5"/>',
} as const;

function icon(name: keyof typeof ICONS): string {
  return `<svg viewBox="0 0 16 16" aria-hidden="true">${ICONS[name]}</svg>`;
}
