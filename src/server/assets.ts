/** The built studio, held in memory: only what was there at the start can be asked for. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { InvalidInput } from "../core/errors.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  /** Files named by their content never change. */
  readonly immutable: boolean;
}

/** Answers a path with a file of the folder, or with its index page; gives undefined where there is neither. */
export type Assets = (request: Request) => Response | undefined;

/** Reads a folder of built files. Throws `InvalidInput` when it holds no index page. */
export async function loadAssets(folder: string): Promise<Assets> {
  const files = new Map<string, Asset>();
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of names) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const body = new Uint8Array(await readFile(path));
    const name = `/${relative(folder, path).split(sep).join("/")}`;
    files.set(name, {
      body,
      zipped: new Uint8Array(await promisify(gzip)(body, { level: 9 })),
      type,
      etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
      immutable: name.startsWith("/assets/"),
    });
  }
  const index = files.get("/index.html");
  if (index === undefined)
    throw new InvalidInput(`the studio is not built: ${folder} holds no index.html; run npm run build`, {
      code: "NO_STUDIO",
    });
  return (request) => {
    const { pathname } = new URL(request.url);
    const asset = files.get(pathname) ?? (/^\/[\w-]*$/.test(pathname) ? index : undefined);
    if (asset === undefined) return undefined;
    const headers = {
      "content-type": asset.type,
      etag: asset.etag,
      vary: "accept-encoding",
      "cache-control": asset.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    };
    if (request.headers.get("if-none-match") === asset.etag)
      return new Response(null, { status: 304, headers });
    const zip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
    return zip
      ? new Response(asset.zipped, { headers: { ...headers, "content-encoding": "gzip" } })
      : new Response(asset.body, { headers });
  };
}
