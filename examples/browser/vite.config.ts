/** `npx vite examples/browser` serves the pages; `npx vite build examples/browser` builds them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
import config from "../../vitest.config.ts";

const here = import.meta.dirname;

export default defineConfig({
  root: here,
  // In a program of your own fpx is an ordinary dependency, and this line is not needed.
  resolve: config.resolve!,
  server: { fs: { allow: [join(here, "../..")] } },
  build: {
    outDir: join(here, "../../out/pages"),
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: {
      input: readdirSync(here)
        .filter((file) => file.endsWith(".html"))
        .map((page) => join(here, page)),
    },
  },
});
