import type { JSX } from "preact";

/** Drawn on 16 × 16, in the colour of the text around. */
const PATHS = {
  alert: "M8 2.2 14.3 13H1.7ZM8 6.3v3.2M8 11.4v.2",
  activity: "M1.5 8.5h3l2-5.5 3 10 2-4.5h3",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  arrowDown: "M8 3v10M4 9l4 4 4-4",
  check: "M3.5 8.5 6.5 11.5 12.5 4.5",
  chevron: "M6 3.5 10.5 8 6 12.5",
  clock: "M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  down: "M4 6l4 4 4-4",
  channels: "M2.5 4h11M2.5 8h11M2.5 12h7",
  file: "M4 2.5h5l3 3v8H4ZM9 2.5v3h3",
  flask: "M6 2.5h4M6.8 2.5v4.2L3 13.5h10L9.2 6.7V2.5M5 10h6",
  help: "M6 6a2 2 0 1 1 2.8 1.9c-.5.3-.8.6-.8 1.3M8 11.4v.2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  key: "M6.5 9.5a3 3 0 1 1 1.6-1.6L13.5 13.3M11 10.8l1.5-1.5",
  link: "M6.5 9.5l3-3M7.5 5l1.6-1.6a2.6 2.6 0 0 1 3.6 3.6L11 8.7M8.6 11 7 12.6A2.6 2.6 0 0 1 3.4 9L5 7.3",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  moon: "M13 9.8A5.5 5.5 0 0 1 6.2 3a5.5 5.5 0 1 0 6.8 6.8Z",
  nodes: "M2.5 2.5h11v4.5h-11ZM2.5 9h11v4.5h-11ZM5 4.7v.2M5 11.2v.2M7.5 4.8h3.5M7.5 11.3h3.5",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  person: "M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 13.5c.6-2.3 2.5-3.5 5-3.5s4.4 1.2 5 3.5",
  play: "M5 3.2v9.6L12.5 8Z",
  plus: "M8 3v10M3 8h10",
  screen: "M2 3h12v8H2ZM6 13.5h4",
  send: "M2 8 13.5 2.5 10.5 13.5 7.5 9.5ZM7.5 9.5l6-7",
  sliders:
    "M2.5 4.5h6M12 4.5h1.5M10.3 6.1a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2ZM2.5 11.5H4M7.5 11.5h6M5.7 13.1a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2Z",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14",
  step: "M4 3.5v9l6-4.5ZM12 3.5v9",
  stop: "M4 4h8v8H4Z",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  up: "M4 10l4-4 4 4",
} as const;
export type IconName = keyof typeof PATHS;

/** Beside words, or in a control that has a name: it says nothing by itself. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
