import { type Signal, signal } from "@preact/signals";

/** Whether the screen has room for two columns: the same width as in `styles/run.css`. */
const wide = matchMedia("(min-width: 1080px)");
export const isWide: Signal<boolean> = signal(wide.matches);
wide.addEventListener("change", ({ matches }) => (isWide.value = matches));
