/**
 * No `any` in what the package shows: walks the types of every public name as the compiler sees them, through members,
 * parameters, results and type arguments, up to where another package or the language itself begins.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root } from "./support/fpx.ts";

/** These have type parameters that are `any` unless given, such as what an iterable returns at its end. */
const LOOSE_BY_DEFAULT = /^(Async)?(Iterable|Iterator|IterableIterator|IteratorObject|Generator)$/;

function options(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** The places under `files` whose type is `any`, each as a path from a public name. */
function loosePlaces(files: readonly string[]): string[] {
  const program = ts.createProgram(files, options());
  const checker = program.getTypeChecker();
  const found: string[] = [];
  const seen = new Set<ts.Type>();
  const isOurs = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((declaration) => {
      const file = declaration.getSourceFile();
      return !program.isSourceFileDefaultLibrary(file) && !file.fileName.includes("/node_modules/");
    }) ?? true;

  // A class stands in its own prototype with `any` for its type parameters.
  const isShown = ({ flags, declarations = [] }: ts.Symbol): boolean =>
    !(flags & ts.SymbolFlags.Prototype) &&
    !declarations.some((declaration) => {
      const name = ts.getNameOfDeclaration(declaration);
      return name !== undefined && ts.isPrivateIdentifier(name);
    });

  const visit = (type: ts.Type, path: string, at: ts.Node): void => {
    if (type.flags & ts.TypeFlags.Any) found.push(path);
    if (seen.has(type)) return;
    seen.add(type);
    for (const part of type.aliasTypeArguments ?? []) visit(part, `${path}<>`, at);
    if (type.isUnionOrIntersection()) for (const part of type.types) visit(part, path, at);
    if (!(type.flags & ts.TypeFlags.Object)) return;
    const name = type.symbol?.name ?? "";
    if ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference)
      for (const [i, part] of checker.getTypeArguments(type as ts.TypeReference).entries())
        if (i === 0 || !LOOSE_BY_DEFAULT.test(name) || !(part.flags & ts.TypeFlags.Any))
          visit(part, `${path}<${i}>`, at);
    const isAnonymous = name.startsWith("__");
    if (type.symbol && !isAnonymous && !isOurs(type.symbol)) return;
    for (const { type: value } of checker.getIndexInfosOfType(type)) visit(value, `${path}[]`, at);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.getParameters())
        visit(checker.getTypeOfSymbolAtLocation(parameter, at), `${path}(${parameter.name})`, at);
      visit(signature.getReturnType(), `${path}()`, at);
    }
    for (const member of type.getProperties())
      if (isOurs(member) && isShown(member))
        visit(checker.getTypeOfSymbolAtLocation(member, at), `${path}.${member.name}`, at);
  };

  for (const file of files) {
    const source = program.getSourceFile(file)!;
    for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source)!)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const { flags, name } = symbol;
      if (flags & ts.SymbolFlags.Value)
        visit(checker.getTypeOfSymbolAtLocation(symbol, source), name, source);
      if (flags & ts.SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(symbol), name, source);
    }
  }
  return found;
}

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Readonly<Record<string, string>>;
};
const rooms = Object.values(exports)
  .filter((file) => file.endsWith("/index.js") && !file.includes("*"))
  .map((file) => join(root, file.replace("./dist/", "src/").replace(/js$/, "ts")));

describe("public types", () => {
  it("are free of any", () => {
    expect(rooms.length).toBeGreaterThan(15);
    expect(loosePlaces(rooms)).toEqual([]);
  }, 120_000);

  it("would be found loose by this test", () => {
    expect(loosePlaces([join(root, "test/fixtures/loose-types.ts")]).sort()).toEqual([
      "Loose.list<><0>",
      "Loose.met",
      "loosely()<0>",
      "loosely(told)",
    ]);
  }, 120_000);
});
