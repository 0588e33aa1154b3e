import type { ComponentChildren, JSX } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { Button } from "./button.tsx";
import { EmptyState } from "./empty-state.tsx";

/** A fault of one page is told in its place, and leaves the others usable. */
export function Guard({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const [fault, again] = useErrorBoundary((error: unknown) => console.error(error));
  if (fault === undefined) return <>{children}</>;
  return (
    <EmptyState title="This page has a fault" isFault>
      <p>{fault instanceof Error ? fault.message : String(fault)}</p>
      <Button onClick={again}>Show it again</Button>
    </EmptyState>
  );
}
