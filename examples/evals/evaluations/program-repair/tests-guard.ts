import { closing, tokens } from "./tokens.ts";

/** The names of the tests that a suite has, and where each is in its text. */
export function testsIn(
  suite: string,
): { readonly name: string; readonly start: number; readonly end: number }[] {
  const list = tokens(suite);
  return list.flatMap((token, index) => {
    const name = list[index + 2];
    const end = list[closing(list, index + 1)]?.end;
    const isCall = token.text === "test" && list[index + 1]?.text === "(" && name?.kind === "string";
    if (!isCall || end === undefined) return [];
    return [{ name: name.text.slice(1, -1), start: token.start, end }];
  });
}

/** The names of the tests that `after` has no more: the cheapest way to pass all tests, and none to accept. */
export function deletedTests(before: string, after: string): string[] {
  const left = new Set(testsIn(after).map(({ name }) => name));
  return testsIn(before).flatMap(({ name }) => (left.has(name) ? [] : [name]));
}

/** The suite without one of its tests: the patch that the guard is there for. */
export function withoutTest(suite: string, name: string): string {
  const found = testsIn(suite).find((test) => test.name === name);
  if (found === undefined) return suite;
  return suite.slice(0, found.start) + suite.slice(found.end).replace(/^;?\n?/, "");
}
