import { defineConfig, type UserConfig } from "tsdown";

// One output file per source file: stack traces name the source, and workers find their module beside the caller.
const shared: UserConfig = {
  format: "esm",
  platform: "neutral",
  // Experiments import the package by its public name, as a user's program would.
  deps: { neverBundle: [/^node:/, /^fpx(\/|$)/] },
  unbundle: true,
  dts: { oxc: true },
  sourcemap: false,
  logLevel: "warn",
  // A slow machine is no reason for a warning to whoever runs npm start.
  inputOptions: { checks: { pluginTimings: false } },
  outExtensions: () => ({ js: ".js", dts: ".d.ts" }),
};

const TESTS = ["!src/**/*.test.ts", "!src/**/*.test-d.ts"];

export default defineConfig([
  {
    ...shared,
    entry: ["src/**/*.ts", ...TESTS],
    // Schemas have types that only inference can write down; nothing public names them, nor anything of the commands.
    dts: {
      oxc: true,
      entry: [
        "src/**/*.ts",
        ...TESTS,
        "!src/cli/**",
        "!src/server/*-routes.ts",
        "!src/server/{schemas,routes,app}.ts",
      ],
    },
  },
  {
    ...shared,
    entry: ["experiments/**/*.ts", "!experiments/**/*.test.ts"],
    outDir: "dist/experiments",
    clean: false,
  },
]);
