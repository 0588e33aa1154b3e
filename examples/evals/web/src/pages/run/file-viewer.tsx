import { useSignal } from "@preact/signals";
import { Button, formatBytes } from "@tidings/ui";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { fetchBytes } from "../../live/api.ts";
import { FILE_WINDOW_LIMITS, FileWindow } from "../../logic/file-window.ts";

interface FileViewerProps {
  readonly url: string;
  readonly name: string;
}

/** A file of any size: 64 KiB at a time, from wherever one looks. */
export function FileViewer({ url, name }: FileViewerProps): JSX.Element {
  const file = useMemo(() => new FileWindow(async (from, to) => fetchBytes(url, from, to)), [url]);
  const version = useSignal(0);
  const isBusy = useSignal(false);
  const fault = useSignal("");
  const load = async (from?: number): Promise<void> => {
    isBusy.value = true;
    if (from !== undefined) file.seek(from);
    try {
      await file.more();
      fault.value = "";
    } catch (error) {
      fault.value = error instanceof Error ? error.message : String(error);
    }
    isBusy.value = false;
    version.value++;
  };
  useEffect(() => void load(), [file]);
  void version.value;
  const size = file.size ?? 0;
  const end = Math.max(0, size - FILE_WINDOW_LIMITS.chunkBytes);
  return (
    <div class="file-viewer">
      <div class="file-bar">
        <span role="status">
          {formatBytes(file.chunks[0]?.from ?? 0)} to {formatBytes(file.loadedTo)} of {formatBytes(size)}
        </span>
        <Button look="quiet" isDisabled={size === 0} onClick={() => void load(0)}>
          Beginning
        </Button>
        <Button look="quiet" isDisabled={size === 0} onClick={() => void load(end)}>
          End
        </Button>
        <label class="file-place">
          <span>Place</span>
          <input
            type="range"
            min={0}
            max={100}
            step={1}
            value={size === 0 ? 0 : Math.round(((file.chunks[0]?.from ?? 0) / size) * 100)}
            onChange={(event) => void load((Number(event.currentTarget.value) / 100) * end)}
          />
        </label>
      </div>
      <pre class="artifact-text file-text" tabIndex={0} role="region" aria-label={name}>
        {file.chunks.map(({ from, text }) => (
          <span key={from}>{text}</span>
        ))}
      </pre>
      {fault.value !== "" && <p class="form-fault">{fault.value}</p>}
      {!file.isComplete && (
        <Button isBusy={isBusy.value} onClick={() => void load()}>
          Load the next 64 KiB
        </Button>
      )}
    </div>
  );
}
