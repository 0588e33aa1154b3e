import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { onKeys } from "../live/keys.ts";
import { Icon } from "./icon.tsx";

interface SearchBoxProps {
  /** Its name, and what stands in it while it is empty. */
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly maxLength?: number;
}

/** A field to search by, reached with `/` from anywhere, and left with Escape. */
export function SearchBox({
  label,
  value,
  onInput,
  onKeyDown,
  maxLength = 255,
}: SearchBoxProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => onKeys({ "/": () => input.current?.focus() }), []);
  return (
    <span class="search">
      <Icon name="search" />
      <input
        ref={input}
        class="input"
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        maxLength={maxLength}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          onKeyDown?.(event);
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </span>
  );
}
