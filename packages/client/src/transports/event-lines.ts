/** What an event stream says (WHATWG HTML §9.2.6). */
export interface EventSink {
  event(event: { readonly event: string; readonly data: string; readonly lastEventId: string }): void;
  retry(retryMs: number): void;
  comment(): void;
}

/** Interprets the lines of an event stream, one after the other (WHATWG HTML §9.2.6). */
export function eventLines(sink: EventSink): (line: string) => void {
  let data: string[] = [];
  let event = "";
  let lastEventId = "";
  return (line) => {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) as unknown as [string, string, string];
    if (line === "") {
      if (data.length > 0) sink.event({ event: event || "message", data: data.join("\n"), lastEventId });
      data = [];
      event = "";
    } else if (field === "") sink.comment();
    else if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) lastEventId = value;
    else if (field === "retry" && /^\d+$/.test(value)) sink.retry(Number(value));
  };
}
