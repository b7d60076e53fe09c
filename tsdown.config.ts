import { defineConfig } from "tsdown";

// One output file per source file: stack traces name the source, and workers find their module beside the caller.
export default defineConfig({
  entry: ["src/**/*.ts", "!src/**/*.test.ts"],
  format: "esm",
  platform: "neutral",
  deps: { neverBundle: [/^node:/] },
  unbundle: true,
  dts: true,
  sourcemap: false,
  logLevel: "warn",
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
});
