/** The element of the page's own markup with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element as E;
}

/** The element with this class inside another of the page's own markup. */
export function byClass(parent: ParentNode, name: string): HTMLElement {
  const element = parent.querySelector<HTMLElement>(`.${name}`);
  if (element === null) throw new Error(`the page has no element ".${name}" there`);
  return element;
}

/** A copy of what a `<template>` holds. */
export function stamp(id: string): HTMLElement {
  const template = byId<HTMLTemplateElement>(id);
  return template.content.firstElementChild?.cloneNode(true) as HTMLElement;
}

/** Writes text where it is another one: the same text written again would still cost a layout. Hides what is empty. */
export function showText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
  setHidden(element, text === "");
}

/** Shows or hides, and leaves alone what is so already. */
export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Says something once to a screen reader, without moving it. */
export function announce(text: string): void {
  byId("announcer").textContent = text;
}

/** Puts text on the clipboard; answers whether it could. */
async function copyText(text: string): Promise<boolean> {
  try {
    // Absent where the page is neither HTTPS nor on localhost.
    if (navigator.clipboard === undefined) return false;
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Copies at a press of the button, which says so for a moment; where it cannot, selects the text instead. */
export function copyOnClick(button: HTMLElement, text: () => string, shown?: HTMLElement): void {
  const label = button.textContent;
  async function copy(): Promise<void> {
    const isCopied = await copyText(text());
    if (!isCopied && shown !== undefined) getSelection()?.selectAllChildren(shown);
    button.textContent = isCopied ? "Copied" : "Selected";
    announce(isCopied ? "Copied" : "It could not be copied, and is selected instead");
    setTimeout(() => (button.textContent = label), 1_500);
  }
  button.addEventListener("click", () => void copy());
}
