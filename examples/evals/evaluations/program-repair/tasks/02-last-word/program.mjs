/** The last word of a sentence, without the full stop; an empty text has none. */
export function lastWord(sentence) {
  const words = sentence.replace(".", "").trim().split(" ");
  words.at(-1);
}
