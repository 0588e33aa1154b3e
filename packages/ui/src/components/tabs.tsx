import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly count?: number;
}

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly current: string;
  readonly onChange: (id: string) => void;
  readonly children: ComponentChildren;
}

/** Tabs as the ARIA practices have them: one stop for Tab, arrows go from one to the next. */
export function Tabs({ label, tabs, current, onChange, children }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  // A phone shows some of them. Not by `scrollIntoView`, which would scroll the page up to them too.
  useLayoutEffect(() => {
    const row = list.current;
    const chosen = row?.querySelector(`#tab-${current}`)?.getBoundingClientRect();
    if (row === null || chosen === undefined) return;
    const { left, right } = row.getBoundingClientRect();
    row.scrollLeft += Math.min(0, chosen.left - left) + Math.max(0, chosen.right - right);
  }, [current, tabs.map(({ id, count = 0 }) => `${id} ${count}`).join()]);
  const go = (by: number): void => {
    const at = tabs.findIndex(({ id }) => id === current);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div
        ref={list}
        class="tabs"
        role="tablist"
        aria-label={label}
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(1);
          else if (event.key === "ArrowLeft") go(-1);
          else return;
          event.preventDefault();
        }}
      >
        {tabs.map(({ id, label: name, count }) => (
          <button
            key={id}
            id={`tab-${id}`}
            class="tab"
            role="tab"
            type="button"
            aria-selected={id === current}
            aria-controls="tab-panel"
            tabIndex={id === current ? 0 : -1}
            onClick={() => onChange(id)}
          >
            {name}
            {count !== undefined && count > 0 && (
              <span class="tab-count">{count > 999 ? "999+" : count}</span>
            )}
          </button>
        ))}
      </div>
      <div class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${current}`}>
        {children}
      </div>
    </>
  );
}
