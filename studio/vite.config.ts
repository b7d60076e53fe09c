import { join } from "node:path";
import { defineConfig } from "vite";

// biome-ignore lint/style/noDefaultExport: what Vite reads
export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: [{ find: /^fpx\/(.+)$/, replacement: join(import.meta.dirname, "../src/$1/index.ts") }],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: join(import.meta.dirname, "../dist/studio"),
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows files of the server alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
  },
});
