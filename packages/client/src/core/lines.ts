/** The longest line, in UTF-16 units: a server sends none that is near it. */
const MAX_LENGTH = 16_777_216;

/**
 * Reads a body of UTF-8 line by line, wherever it is cut: a line ends with LF, CRLF or CR (WHATWG HTML §9.2.5). One byte order mark at
 * the beginning is left out, and so is a last line without its end.
 *
 * @throws {RangeError} for a line of over 16,777,216 UTF-16 units
 */
export const readLines = async (
  body: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    // A CR that comes last may be half of a CRLF, but not at the end: what follows there is no line.
    rest += done ? "." : decoder.decode(value, { stream: true });
    const lines = rest.split(/\r?\n|\r(?!$)/);
    rest = lines.pop() as string;
    if (rest.length > MAX_LENGTH) throw new RangeError("a line is too long.");
    lines.forEach(take);
    if (done) return;
  }
};
