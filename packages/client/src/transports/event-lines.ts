/**
 * Interprets the lines of an event stream, one after the other (WHATWG HTML §9.2.6): `take` gets each event's data, and of comments a
 * heartbeat. Frames tell their own type and place, so what `event`, `id` and `retry` say is passed over.
 */
export const eventLines = (take: (data: string) => void): ((line: string) => void) => {
  let data: string[] = [];
  return (line) => {
    const [, value] = /^data(?:$|: ?)(.*)/s.exec(line) ?? [];
    if (value !== undefined) data.push(value);
    else if (line[0] === ":") take('{"type":"heartbeat"}');
    else if (!line) {
      if (data.length) take(data.join("\n"));
      data = [];
    }
  };
};
