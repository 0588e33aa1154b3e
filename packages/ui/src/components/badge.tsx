import type { ComponentChildren, JSX } from "preact";

export type Tone = "good" | "warn" | "bad" | "busy" | "quiet";

interface BadgeProps {
  readonly tone: Tone;
  readonly title?: string;
  readonly children: ComponentChildren;
}

/** A word on a ground of its tone. */
export function Badge({ tone, title, children }: BadgeProps): JSX.Element {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}

/** A state in a word; the mark's shape tells the tone without colour. */
export function Status({ tone, title, children }: BadgeProps): JSX.Element {
  return (
    <span class={`status status-${tone}`} title={title}>
      <i class="status-mark" aria-hidden="true" />
      {children}
    </span>
  );
}
