import type { MessageObject } from "@tidings/protocol";
import type { Artifact, Message } from "../types.ts";

/** A message as it travelled, as the application is to have it. */
export function toMessage(frame: MessageObject, url: string): Message {
  const { encoding, artifact, ...rest } = frame;
  return {
    ...rest,
    event: frame.event ?? "message",
    data: encoding === "base64" ? fromBase64(String(frame.data)) : frame.data,
    ...(artifact === undefined ? {} : { artifact: { ...artifact, url: absolute(artifact, url) } }),
  };
}

/** It is told from the host's root on, as the server sees that: to us the server may be below another path. */
function absolute({ url }: Pick<Artifact, "url">, root: string): string {
  return /^[a-z]+:/i.test(url) ? url : root + url.slice(url.lastIndexOf("/artifacts/"));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
