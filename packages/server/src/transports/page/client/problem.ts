/** What went wrong, as the page tells it: an RFC 9457 problem, or the page's own words in its shape. */
export interface Problem {
  readonly title: string;
  readonly detail: string;
  readonly code: string | undefined;
}

/** Reads a refusal; a body that is no problem document still leaves the status to tell. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const body = await response
    .json()
    .then((value: unknown) => (typeof value === "object" && value !== null ? value : {}))
    .catch(() => ({}));
  const { title, detail, code } = body as { title?: unknown; detail?: unknown; code?: unknown };
  return {
    title: typeof title === "string" ? title : `The server answered ${status} ${statusText}`.trimEnd(),
    detail: typeof detail === "string" ? detail : "",
    code: typeof code === "string" ? code : undefined,
  };
}
