import { useSignal } from "@preact/signals";

/** The pages of a list: what the server said of where each goes on is the way there, and back. */
export interface Pages {
  /** For the URL; `undefined` on the first. */
  readonly after: string | undefined;
  /** How many rows stand on the pages before. */
  readonly skip: number;
  readonly first: () => void;
  /** To the page that begins after `skip` rows: the one before, or the one at `next`. */
  readonly go: (skip: number, next: string | undefined) => void;
}

export function usePages(size: number): Pages {
  const afters = useSignal<readonly string[]>([]);
  const { value } = afters;
  const skip = value.length * size;
  return {
    after: value.at(-1),
    skip,
    first: () => (afters.value = []),
    go: (to, next) => {
      if (to < skip) afters.value = value.slice(0, -1);
      else if (next !== undefined) afters.value = [...value, next];
    },
  };
}
