/** A canvas does not know custom properties, and `light-dark()` is resolved only where a colour is used. */
export function resolveColour(element: HTMLElement, role: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${role})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
