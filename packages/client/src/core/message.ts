import type { MessageObject } from "@tidings/protocol";
import type { Message } from "../types.ts";

/** A message as it travelled, as the application is to have it. */
export const toMessage = (frame: MessageObject, root: string): Message => {
  const { encoding, artifact, event = "message", data, ...rest } = frame;
  return {
    ...rest,
    event,
    data: encoding === "base64" ? Uint8Array.from(atob(data as string), (each) => each.charCodeAt(0)) : data,
    ...(artifact && {
      // It is told from the host's root on, as the server sees that: to us the server may be below another path.
      artifact: {
        ...artifact,
        url: artifact.url.replace(/^(?!\w+:).*(?=\/artifacts\/)/, () => root),
      },
    }),
  };
};
