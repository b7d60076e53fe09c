import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Experiments and examples import the package by name; tests read its sources.
  resolve: {
    alias: [
      { find: /^fpx$/, replacement: join(import.meta.dirname, "src/core/index.ts") },
      { find: /^fpx\/experiments$/, replacement: join(import.meta.dirname, "experiments/reproduction.ts") },
      { find: /^fpx\/experiments\/(.+)$/, replacement: join(import.meta.dirname, "experiments/$1/index.ts") },
      { find: /^fpx\/(.+)$/, replacement: join(import.meta.dirname, "src/$1/index.ts") },
    ],
  },
  test: {
    include: ["{src,experiments,examples,test,bench}/**/*.test.ts"],
    exclude: ["**/*.long.test.ts", "**/node_modules/**"],
    reporters: ["default", "./test/support/tally-reporter.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Commands record their runs; those of tests leave nothing behind.
    env: { FPX_DB: ":memory:" },
  },
});
