import { readFileSync } from "node:fs";

const IMPORT = /^import\s+\{[^}]*\}\s+from\s+"([^"]+)";\n/gm;
const DECLARATION = /^(?:export )?(?:async )?(?:function\*?|class|const|let) ([\w$]+)/gm;

/** Finds the file of what a module names; answers a `file:` URL. */
export type Resolve = (specifier: string, names: readonly string[], from: URL) => URL;

/**
 * Joins a compiled module and all that it imports to one script without imports: the page may fetch nothing but its
 * channel, and a bundler for one page would be the project's only one. It knows just the forms that the client is
 * written in: named imports without `as`, exports at their declarations, no name declared twice at the top.
 *
 * @throws {Error} where a module is written in another form
 */
export function linkScript(entry: URL, resolve: Resolve = resolveImport): string {
  const parts: string[] = [];
  const seen = new Set<string>();
  const owners = new Map<string, string>();

  function link(file: URL): void {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const code = readFileSync(file, "utf8");
    for (const [statement, specifier] of code.matchAll(IMPORT)) {
      link(resolve(specifier as string, namesIn(statement, file), file));
    }
    const body = code
      .replace(IMPORT, "")
      .replace(/^\/\/# sourceMappingURL=.*\n?/m, "")
      .replace(/^export \{\};\n?/m, "");
    claim(body, file);
    parts.push(body.replace(/^export (?=async |function|class|const|let)/gm, ""));
  }

  function claim(body: string, file: URL): void {
    for (const [, name] of body.matchAll(DECLARATION)) {
      const owner = owners.get(name as string);
      if (owner !== undefined)
        throw new Error(`${file.href} declares ${name}, and so does ${owner}; rename one of them`);
      owners.set(name as string, file.href);
    }
  }

  link(entry);
  const script = parts.join("");
  if (/^\s*(?:import|export)\b/m.test(script)) {
    throw new Error(
      `${entry.href} or what it imports has an import or export in a form that cannot be joined`,
    );
  }
  // Both would end or change the script where it stands in HTML (WHATWG HTML §4.12.1.3).
  if (/<\/script|<!--/i.test(script))
    throw new Error(`${entry.href} holds "</script" or "<!--", which HTML would read`);
  return script;
}

function namesIn(statement: string, file: URL): readonly string[] {
  const names = statement.slice(statement.indexOf("{") + 1, statement.indexOf("}")).split(",");
  const trimmed = names.map((name) => name.trim()).filter((name) => name !== "");
  if (trimmed.some((name) => /\s/.test(name)))
    throw new Error(`${file.href} imports under another name: ${statement}`);
  return trimmed;
}

/** A relative import is a file; one from a package is looked up in what the package's entry exports by that name. */
function resolveImport(specifier: string, names: readonly string[], from: URL): URL {
  if (specifier.startsWith("./")) return new URL(specifier, from);
  const index = new URL(import.meta.resolve(specifier));
  const exported = [...readFileSync(index, "utf8").matchAll(/export \{([^}]*)\} from "([^"]+)"/g)];
  const files = new Set(
    names.map((name) => exported.find(([, list]) => new RegExp(`\\b${name}\\b`).test(list as string))?.[2]),
  );
  const [file] = files;
  if (files.size !== 1 || file === undefined) {
    throw new Error(
      `${from.href} imports ${names.join(", ")}, which ${specifier} does not export from one file`,
    );
  }
  return new URL(file, index);
}
