import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Rooms whose lines `npm run test:coverage` wants to see run. */
const COVERED = [
  ...["core", "random", "linalg", "lm", "edits", "zeroth-order"],
  ...["inference", "games", "manifolds", "constraints"],
];

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
    coverage: {
      include: COVERED.map((room) => `src/${room}/**/*.ts`),
      exclude: ["**/*.test.ts", "**/*.test-d.ts"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "out/coverage",
      reportOnFailure: true,
      thresholds: Object.fromEntries(COVERED.map((room) => [`src/${room}/**`, { lines: 90 }])),
    },
  },
});
