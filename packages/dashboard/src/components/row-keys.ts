import { onKeys } from "@tidings/ui";

/** Arrows go from one row's link to the next, in what `box` holds. Answers what ends that. */
export function onRowKeys(box: () => HTMLElement | null): () => void {
  const go = (by: 1 | -1) => (): void => {
    const links = [...(box()?.querySelectorAll<HTMLElement>(".row-link") ?? [])];
    const at = links.findIndex((link) => link === document.activeElement);
    const next = links[at === -1 ? 0 : Math.min(Math.max(0, at + by), links.length - 1)];
    next?.focus();
    next?.closest(".row")?.scrollIntoView({ block: "nearest" });
  };
  return onKeys({ ArrowDown: go(1), ArrowUp: go(-1), j: go(1), k: go(-1) });
}
