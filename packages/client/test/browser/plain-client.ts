import type { Options } from "../../src/types.ts";

/** As little of a client as shows that the driver's pages are pages: one answer a request, and no state but one. */
export function connect(url: string, { transport }: Options): unknown {
  return {
    state: { name: transport === "sse" ? "live" : "idle" },
    on: () => undefined,
    channel: (name: string) => ({
      on: (event: string, listener: (data: unknown, message: unknown) => void) => {
        if (event !== "*") return;
        void fetch(`${url}/channels/${name}?since=earliest&limit=1000`)
          .then((response) => response.json())
          .then(({ messages }: { messages: { data: unknown }[] }) => {
            for (const message of messages) listener(message.data, { event: "message", ...message });
          });
      },
      publish: async (event: string, data: unknown) => {
        const response = await fetch(`${url}/channels/${name}?event=${event}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(data),
        }).catch((cause: unknown) => {
          throw Object.assign(new Error("refused", { cause }), { code: "UNREACHABLE" });
        });
        return response.json() as Promise<unknown>;
      },
    }),
    command: async (name: string, input: unknown) => {
      if (name === "fail-later") setTimeout(() => void Promise.reject(new Error("nobody handles this")));
      const kept = localStorage.getItem("kept");
      localStorage.setItem("kept", String(input));
      return { origin: location.origin, kept };
    },
    reconnect: () => undefined,
    close: () => undefined,
  };
}
