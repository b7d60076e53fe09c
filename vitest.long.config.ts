import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  ...mergeConfig(base, {}),
  test: {
    ...base.test,
    include: ["{src,experiments,test}/**/*.long.test.ts"],
    exclude: ["**/node_modules/**"],
    testTimeout: 3_600_000,
  },
});
