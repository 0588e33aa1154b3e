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

interface StatusProps extends BadgeProps {
  /** The state's own name, in `data-state`. Default: none. */
  readonly state?: string;
  /** The mark's shape, where several states have one tone. Default: the tone's own. */
  readonly mark?: "ring" | "turning" | "bars" | "square";
}

/** A state in a word; the mark's shape tells the tone without colour. */
export function Status({ tone, state, mark, title, children }: StatusProps): JSX.Element {
  return (
    <span
      class={`status status-${tone}${mark === undefined ? "" : ` status-${mark}`}`}
      data-state={state}
      title={title}
    >
      <i class="status-mark" aria-hidden="true" />
      {children}
    </span>
  );
}
