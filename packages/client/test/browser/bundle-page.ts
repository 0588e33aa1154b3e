import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The page's script with a client in it, minified as the published one is. From the sources, so that what is tested is
 * what was written, and not what was built last.
 *
 * @param client the module that exports `connect`
 */
export async function bundlePage(client: URL): Promise<string> {
  const bundling = await rolldown({
    input: here("page.ts"),
    platform: "neutral",
    resolve: {
      alias: {
        "@tidings/client": fileURLToPath(client),
        "@tidings/protocol": here("../../../protocol/src/index.ts"),
      },
    },
    tsconfig: false,
    transform: { target: "es2022" },
  });
  try {
    const { output } = await bundling.generate({ format: "esm", minify: true, codeSplitting: false });
    return output[0].code;
  } finally {
    await bundling.close();
  }
}
