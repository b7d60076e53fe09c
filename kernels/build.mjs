/**
 * Compiles the kernels to one WebAssembly module and embeds it as base64 in src/wasm/embedded.ts.
 *
 *   node kernels/build.mjs           writes the file
 *   node kernels/build.mjs --check   fails when the file does not hold exactly these bytes
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "src", "wasm", "embedded.ts");

async function compile() {
  const files = new Map();
  const { error, stderr } = await asc.main(
    [
      "index.ts",
      "--outFile",
      "kernels.wasm",
      "--textFile",
      "kernels.wat",
      "-O3",
      "--converge",
      "--noAssert",
      "--uncheckedBehavior",
      "always",
      "--runtime",
      "stub",
      "--use",
      "abort=",
      "--enable",
      "simd",
      "--disable",
      "relaxed-simd",
    ],
    {
      readFile: async (name) => readFile(join(here, name), "utf8").catch(() => null),
      writeFile: (name, data) => files.set(name, data),
      listFiles: () => [],
    },
  );
  const warnings = stderr.toString();
  if (error || warnings) throw new Error(`the kernels do not compile cleanly:\n${warnings || error}`);
  return { bytes: files.get("kernels.wasm"), text: files.get("kernels.wat") };
}

const { bytes, text } = await compile();
if (process.argv.includes("--text")) process.stdout.write(text);
const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
if (imports.length > 0)
  throw new Error(`the kernels must import nothing, but import ${imports.map((i) => i.name)}`);

const source = `/** The compiled kernels (kernels/, built by \`npm run build:kernels\`), base64. */
export const embeddedKernels: string =
  "${Buffer.from(bytes).toString("base64")}";
`;
if (process.argv.includes("--check")) {
  if ((await readFile(target, "utf8")) !== source) {
    console.error("src/wasm/embedded.ts differs from the kernels; run: npm run build:kernels");
    process.exit(1);
  }
  console.log(`src/wasm/embedded.ts holds the kernels exactly (${bytes.length} bytes)`);
} else {
  await writeFile(target, source);
  console.log(`${bytes.length} bytes of kernels written to src/wasm/embedded.ts`);
}
