import { Button, formatBytes, formatMoment, JsonTree, say } from "@tidings/ui";
import type { JSX } from "preact";
import { hex, type Line } from "../../logic/message-text.ts";

/** One message whole: JSON as a tree, and all that stands around it. */
export function MessageDetail({
  line,
  onClose,
}: {
  readonly line: Line;
  readonly onClose: () => void;
}): JSX.Element {
  const { event, time, of, cursor, data, isText, artifact } = line;
  const copy = (): void =>
    void navigator.clipboard
      .writeText(typeof data === "string" ? data : JSON.stringify(data, undefined, 2))
      .then(
        () => say("Copied."),
        () => say("The browser does not let this page copy.", { isFault: true }),
      );
  return (
    <aside class="message-detail" aria-label="The message">
      <header>
        <b>{event}</b>
        <span class="quiet">{formatMoment(time)}</span>
        <span class="toolbar-gap" />
        <Button icon="copy" label="Copy the payload" look="quiet" onClick={copy} />
        <Button icon="close" label="Close the message" look="quiet" onClick={onClose} />
      </header>
      <p class="mono quiet">
        {cursor ?? "not kept"}
        {of !== undefined && ` · key ${of}`}
      </p>
      {artifact !== undefined && (
        <p>
          Stored: {artifact.type}, {formatBytes(artifact.size)}.{" "}
          <span class="quiet">What it begins with:</span>
        </p>
      )}
      {data === undefined ? (
        <p class="quiet">No data.</p>
      ) : data instanceof Uint8Array ? (
        <pre class="message-text">{hex(data)}</pre>
      ) : typeof data === "string" ? (
        <pre class="message-text">{isText ? data : JSON.stringify(data)}</pre>
      ) : (
        <div class="json-tree">
          <JsonTree value={data} />
        </div>
      )}
    </aside>
  );
}
