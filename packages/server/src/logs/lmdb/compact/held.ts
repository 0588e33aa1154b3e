import { type Message, messageBytes } from "@tidings/protocol";
import type { Channel, Sparse } from "../channel.ts";

/** A channel that leaves offsets out, or may. */
export type SparseChannel = Channel & { readonly sparse: Sparse };

export function isSparse(channel: Channel): channel is SparseChannel {
  return channel.sparse !== undefined;
}

/** Whether a message is a key's value, which stays; the rest goes by the bounds. */
export function isValue({ stage }: Sparse, { key, kind }: Pick<Message, "key" | "kind">): boolean {
  return stage !== "bounded" && key !== undefined && kind !== "none";
}

/** Whether a message has gone although its block is there yet. Superseded ones have no block any more. */
export function isHidden({ earliest, sparse }: SparseChannel, message: Message): boolean {
  if (message.offset < earliest) return true;
  return sparse.stage === "compact" && message.offset <= sparse.resumable && !isValue(sparse, message);
}

/** The counts with a message more, or with one less. */
export function withMessage(sparse: Sparse, message: Message, sign: 1 | -1): Sparse {
  return withBytes(sparse, isValue(sparse, message), messageBytes(message), sign);
}

export function withBytes(sparse: Sparse, isOfValues: boolean, bytes: number, sign: 1 | -1): Sparse {
  const { values, rest } = sparse;
  return isOfValues
    ? { ...sparse, values: { count: values.count + sign, bytes: values.bytes + bytes * sign } }
    : { ...sparse, rest: { ...rest, count: rest.count + sign, bytes: rest.bytes + bytes * sign } };
}

/** How many messages a sparse channel holds, and their bytes. */
export function heldOf({ values, rest }: Sparse): { readonly messages: number; readonly bytes: number } {
  return { messages: values.count + rest.count, bytes: values.bytes + rest.bytes };
}
