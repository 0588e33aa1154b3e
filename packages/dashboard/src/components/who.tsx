import type { JSX } from "preact";
import type { Who as Whom } from "../live/shapes.ts";
import { nameOf } from "../logic/explain.ts";

/** Whose credential it is: a name, and quietly what kind of one. */
export function Who({ who }: { readonly who: Whom | undefined }): JSX.Element {
  const isNamed = who?.kind === "token" || who?.kind === "key";
  return (
    <span class="who" title={who?.id}>
      <span class={isNamed ? "" : "quiet"}>{nameOf(who)}</span>
      {isNamed && <span class="quiet"> {who.kind}</span>}
    </span>
  );
}
