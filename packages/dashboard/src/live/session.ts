import { type Signal, signal } from "@preact/signals";

const KEY = "tidings.credential";

/** The server's root, without a slash at its end: the page is served there, whatever path it is mounted at. */
export const ROOT: string = new URL(".", location.href).href.replace(/\/$/, "");

/**
 * A token or API key. It is kept for this tab alone and sent as `Authorization: Bearer …`, never in a URL, which would be logged and
 * remembered.
 */
export const credential: string | undefined = readKept();

function readKept(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined; // this browser keeps nothing for pages
  }
}

/** Why the server does not show what this page is for. */
export interface Refusal {
  readonly status: 401 | 403;
  /** What the server said. */
  readonly message: string;
}

export const refusal: Signal<Refusal | undefined> = signal(undefined);

/**
 * Everything begins anew with it: what was read with another one is of no use.
 * @returns whether this browser keeps it; where not nothing is begun, since it would be gone at once
 */
export function signIn(text: string): boolean {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    return false;
  }
  location.reload();
  return true;
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  location.reload();
}
