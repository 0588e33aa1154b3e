import type { JSX } from "preact";

/** Members of one object or list that are shown; more are counted. */
const MAX_SHOWN = 200;
/** As deep it is open at first. */
const OPEN_DEPTH = 2;

interface JsonTreeProps {
  readonly value: unknown;
  readonly name?: string;
  readonly depth?: number;
}

/** Any JSON as a tree, closed and opened by keyboard too: `<details>`. */
export function JsonTree({ value, name, depth = 0 }: JsonTreeProps): JSX.Element {
  const key = name === undefined ? null : <span class="json-key">{name}: </span>;
  if (typeof value !== "object" || value === null)
    return (
      <div class="json-leaf">
        {key}
        <span class={`json-${value === null ? "null" : typeof value}`}>
          {JSON.stringify(value) ?? "undefined"}
        </span>
      </div>
    );
  const members = Object.entries(value);
  const what = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`;
  return (
    <details class="json-node" open={depth < OPEN_DEPTH}>
      <summary>
        {key}
        <span class="json-size">{what}</span>
      </summary>
      <div class="json-members">
        {members.slice(0, MAX_SHOWN).map(([member, inner]) => (
          <JsonTree key={member} name={member} value={inner} depth={depth + 1} />
        ))}
        {members.length > MAX_SHOWN && <div class="json-leaf">… {members.length - MAX_SHOWN} more</div>}
      </div>
    </details>
  );
}
