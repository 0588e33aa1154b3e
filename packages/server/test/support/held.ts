import { send } from "@tidings/testing";

/** How many connections the server says it holds. */
export async function held(url: string): Promise<number> {
  const { text } = await send(`${url}/metrics`);
  return [...text.matchAll(/^tidings_connections\{[^}]*\} ([0-9]+)$/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

/** Asks until the server holds this many connections. */
export async function untilHeld(url: string, count: number): Promise<void> {
  while ((await held(url)) !== count) {
    // asked again: there is no event for what another process sees
  }
}
