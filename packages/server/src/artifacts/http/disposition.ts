import { create } from "content-disposition";

/** What a browser may show by itself: none of them can run script, whatever is in it. */
const INLINE =
  /^(?:image\/(?:png|jpeg|gif|webp)|text\/plain|application\/json|(?:audio|video)\/[a-z0-9.+-]+)[ \t]*(?:;|$)/i;

/** `Content-Disposition` (RFC 6266): everything else is for saving, under the name that it was uploaded with. */
export function dispositionOf(type: string, name: string | undefined): string {
  return create(name, { type: INLINE.test(type) ? "inline" : "attachment" });
}
