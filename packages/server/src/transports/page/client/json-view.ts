/** Larger payloads stay one text node: colours are not worth tens of thousands of elements. */
const LONGEST_COLOURED = 40_000;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

/** Writes indented JSON into an element, its keys, strings and other values in spans of their own. */
export function showJson(element: HTMLElement, json: string): void {
  element.textContent = "";
  if (json.length > LONGEST_COLOURED) {
    element.textContent = json;
    return;
  }
  let end = 0;
  for (const token of json.matchAll(TOKEN)) {
    const [all, string, colon] = token;
    element.append(json.slice(end, token.index));
    element.append(span(string ?? all, nameOf(string, colon)), colon ?? "");
    end = token.index + all.length;
  }
  element.append(json.slice(end));
}

function nameOf(string: string | undefined, colon: string | undefined): string {
  if (string === undefined) return "json-value";
  return colon === undefined ? "json-string" : "json-key";
}

function span(text: string, className: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
