import type { JSX } from "preact";
import { explainEvent } from "../../logic/explain.ts";
import type { NodeEntry } from "../../logic/nodes.ts";

/** What is the matter with which node. */
export function NodeNotes({ entries }: { readonly entries: readonly NodeEntry[] }): JSX.Element {
  return (
    <>
      {entries.map(({ node, state, name, end, findings }) => {
        if (state === "lost" && end !== undefined) {
          const { why, todo } = explainEvent(end);
          return <Note key={node}>{`Node ${why} ${todo ?? ""}`}</Note>;
        }
        if (state !== "trouble") return null;
        return (
          <Note key={node}>
            {`Node ${name}:`}
            {findings.map(({ text, href }) => (
              <span key={text}> {href === undefined ? text : <a href={href}>{text}</a>}</span>
            ))}
          </Note>
        );
      })}
    </>
  );
}

function Note({ children }: { readonly children: JSX.Element["props"]["children"] }): JSX.Element {
  return (
    <p class="fault-note" role="status">
      {children}
    </p>
  );
}
