// Builds the pages for browsers into server/web, which the server and the wheel take as it is.
//
// Every file is named by its content, and its compressed copy lies beside it; manifest.json says which files a page
// begins with (https://vite.dev/guide/backend-integration). Addresses are relative, so that a proxy may put a path
// before ours.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { parse } from "graphql";
import { defineConfig, type Plugin } from "vite";

const OUTPUT = fileURLToPath(new URL("../server/web", import.meta.url));
const SCHEMA = fileURLToPath(new URL("../schema/schema.graphql", import.meta.url));
const LABELLED = ["Ability", "Role", "Sensitivity"];

/** The last parenthesis of a text and what stands before it: `See data (Melihat data)`. */
function splitAtParenthesis(text: string): [string, string] {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === ")") depth++;
    if (text[at] === "(" && --depth === 0) return [text.slice(0, at).trim(), text.slice(at + 1, -1).trim()];
  }
  return [text, text];
}

/** Both labels of the values of a few enums, read from the schema: `English (Indonesian)`, or `Indonesian / English`. */
function labels(): Plugin {
  return {
    name: "labels",
    resolveId: (id) => (id === "virtual:labels" ? "\0labels" : undefined),
    load(id) {
      if (id !== "\0labels") return undefined;
      const lists: Record<string, Record<string, { id: string; en: string }>> = {};
      for (const definition of parse(readFileSync(SCHEMA, "utf8")).definitions) {
        if (definition.kind !== "EnumTypeDefinition" || !LABELLED.includes(definition.name.value)) continue;
        const list: (typeof lists)[string] = (lists[definition.name.value] = {});
        for (const value of definition.values ?? []) {
          const text = (value.description?.value ?? value.name.value).trim().replace(/\.$/, "");
          const [before, after] = text.includes(" / ") ? text.split(" / ") as [string, string] : splitAtParenthesis(text).reverse();
          list[value.name.value] = { id: before!, en: after! };
        }
      }
      return `export default ${JSON.stringify(lists)}`;
    },
  };
}

/** Beside each file a compressed copy, so that no process compresses at run time. */
function compressedCopies(): Plugin {
  return {
    name: "compressed-copies",
    closeBundle() {
      const assets = join(OUTPUT, "assets");
      for (const name of readdirSync(assets)) {
        const content = readFileSync(join(assets, name));
        const smaller = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
        if (smaller.length < 0.9 * content.length) writeFileSync(join(assets, `${name}.gz`), smaller);
      }
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [labels(), compressedCopies()],
  worker: { format: "es", plugins: () => [] },
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 5_000,
    reportCompressedSize: false,
    rollupOptions: {
      input: { home: "src/home.tsx", graphiql: "src/graphiql.tsx" },
      // Libraries mark files for servers that render React; we have none.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
});
