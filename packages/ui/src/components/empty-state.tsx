import type { ComponentChildren, JSX } from "preact";

interface EmptyStateProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly isFault?: boolean;
}

/** Where there is nothing to see: why, and what to do. */
export function EmptyState({ title, children, isFault = false }: EmptyStateProps): JSX.Element {
  return (
    <div class={isFault ? "empty empty-fault" : "empty"}>
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** What is on its way. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <div class="empty" aria-busy="true">
      <p class="loading">Loading {what}…</p>
    </div>
  );
}
