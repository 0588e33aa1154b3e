import type { JSX } from "preact";
import type { MissingNode } from "../live/shapes.ts";

/** That a node's part of what is below is not there, and why. */
export function MissingNote({
  missing = [],
}: {
  readonly missing: readonly MissingNode[] | undefined;
}): JSX.Element {
  return (
    <>
      {missing.map(({ node, name, why }) => (
        <p key={node} class="fault-note" role="status">
          {`Node ${name} ${why}. What is there is not shown.`}
        </p>
      ))}
    </>
  );
}
