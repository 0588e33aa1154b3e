/** The longest line, in UTF-16 units: a server sends none that is near it. */
const MAX_LENGTH = 16_777_216;

/**
 * Reads a body of UTF-8 line by line, wherever it is cut: a line ends with LF, CRLF or CR (WHATWG HTML §9.2.5). One byte order mark at
 * the beginning is left out, and so is a last line without its end.
 *
 * @throws {RangeError} for a line of over 16,777,216 UTF-16 units
 */
export async function readLines(
  body: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const reader = body.getReader();
  // Left out by hand: a decoder may also take away a mark that follows a first character which was cut.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  let hasBegun = false;
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    if (!hasBegun && rest !== "") {
      hasBegun = true;
      rest = rest.replace(/^\ufeff/, "");
    }
    // A CR that comes last may be half of a CRLF.
    const lines = rest.split(done ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/);
    rest = lines.pop() as string;
    if (rest.length > MAX_LENGTH) throw new RangeError("a line is too long.");
    lines.forEach(take);
    if (done) return;
  }
}
