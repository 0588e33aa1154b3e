import type { CallMessage, Calls, Reply } from "./child.ts";

/** Ends this process with its parent: the pipe between them closes however the parent ends, `kill -9` included. */
export function endWithParent(clean: () => void = () => undefined): void {
  process.on("disconnect", () => {
    clean();
    process.exit();
  });
  // Ctrl+C goes to all processes of a terminal's group: it is the parent that ends the others.
  process.on("SIGINT", () => undefined);
}

/** Answers the parent's calls by name, and ends with it. */
export function answer<C extends Calls<C>>(calls: C): void {
  endWithParent();
  const reply = async ({ id, name, input }: CallMessage): Promise<void> => {
    try {
      // By name: that name and input belong together, the parent's side of the call has checked.
      const call: (...input: never[]) => unknown = calls[name as keyof C];
      send({ id, value: await call(...(input as never[])) });
    } catch (error) {
      send({ id, error: error instanceof Error ? error.message : String(error) });
    }
  };
  process.on("message", (message) => void reply(message as CallMessage));
}

/** Where the parent is gone there is nobody to tell, and this process is about to end. */
function send(reply: Reply): void {
  process.send?.(reply, undefined, undefined, () => undefined);
}
