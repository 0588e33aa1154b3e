import { useSignal } from "@preact/signals";
import { Age, Button, EmptyState, formatBytes } from "@tidings/ui";
import type { JSX } from "preact";
import type { ArtifactMessage } from "../../../../shared/channels.ts";
import type { RunModel } from "../../live/run.ts";
import { FileViewer } from "./file-viewer.tsx";

const TEXT = /^(?:text\/|application\/(?:json|xml|x-ndjson|javascript)|.*\+(?:json|xml)$)/;

export function ArtifactsPart({ model }: { readonly model: RunModel }): JSX.Element {
  const all = model.artifacts.value;
  if (all.length === 0)
    return (
      <EmptyState title="No artifacts">
        {model.hasEnded.value ? "The run left none." : "What the run makes is listed here as it comes."}
      </EmptyState>
    );
  return (
    <ul class="artifact-list" aria-label="Artifacts">
      {all.map((artifact) => (
        <Artifact key={artifact.name} artifact={artifact} />
      ))}
    </ul>
  );
}

function Artifact({ artifact }: { readonly artifact: ArtifactMessage }): JSX.Element {
  const { name, mediaType, size, inline, url, preview, at } = artifact;
  const isOpen = useSignal(false);
  const isImage = mediaType.startsWith("image/");
  const isText = !isImage && TEXT.test(mediaType);
  return (
    <li class="artifact">
      <header class="artifact-head">
        <span class="artifact-name">{name}</span>
        <span class="artifact-facts">
          {mediaType} · {formatBytes(size)}
          {at !== undefined && (
            <>
              {" · "}
              <Age time={at} />
            </>
          )}
        </span>
        {isText && inline === undefined && (
          <Button look="quiet" isPressed={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
            {isOpen.value ? "Close" : "Open here"}
          </Button>
        )}
        {url !== undefined && (
          <a class="link" href={url} target="_blank" rel="noreferrer">
            Download
          </a>
        )}
      </header>
      {isImage && (inline ?? url) !== undefined && (
        <div class="artifact-image">
          <img src={inline ?? url} alt={name} loading="lazy" />
        </div>
      )}
      {isText && inline !== undefined && <Text text={inline} mediaType={mediaType} label={name} />}
      {isText && inline === undefined && !isOpen.value && preview !== undefined && (
        <Text
          text={preview}
          mediaType={mediaType}
          label={`The beginning of ${name}`}
          isCut={preview.length < size}
        />
      )}
      {isOpen.value && url !== undefined && <FileViewer url={url} name={name} />}
    </li>
  );
}

interface TextProps {
  readonly text: string;
  readonly mediaType: string;
  readonly label: string;
  readonly isCut?: boolean;
}

/** As it is; a diff with its lines in two colours. */
function Text({ text, mediaType, label, isCut = false }: TextProps): JSX.Element {
  const isDiff = /diff|patch/.test(mediaType);
  return (
    <pre
      class={isCut ? "artifact-text artifact-cut" : "artifact-text"}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      {isDiff
        ? text.split("\n").map((line, at) => (
            <span key={at} class={diffClass(line)}>
              {`${line}\n`}
            </span>
          ))
        : text}
    </pre>
  );
}

function diffClass(line: string): string {
  if (line.startsWith("@@") || /^(?:\+\+\+|---|diff |index )/.test(line)) return "diff-head";
  return line.startsWith("+") ? "diff-in" : line.startsWith("-") ? "diff-out" : "";
}
