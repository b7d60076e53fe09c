/** Bearer tokens: shown once, kept as a hash. */
import { createHash, randomBytes } from "node:crypto";
import { InvalidInput } from "../core/errors.ts";
import type { Store } from "./store.ts";

/** What a token allows; `admin` allows everything. */
export const SCOPES = ["read", "write:edits", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** A token without its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created: number;
  readonly revoked: number | null;
}

/** Makes a token; its secret of 256 random bits is returned here and never again. */
export async function createToken(
  store: Store,
  name: string,
  scopes: readonly Scope[],
): Promise<{ readonly id: string; readonly secret: string }> {
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (scopes.length === 0 || unknown !== undefined)
    throw new InvalidInput(
      `${unknown === undefined ? "no scope" : `the scope ${unknown}`}: give some of ${SCOPES.join(", ")}`,
    );
  const id = randomBytes(6).toString("hex");
  const secret = `fpx_${id}_${randomBytes(32).toString("base64url")}`;
  await store.writer
    .insertInto("tokens")
    .values({ id, name, hash: hashOf(secret), scopes: scopes.join(" "), created: Date.now(), revoked: null })
    .execute();
  return { id, secret };
}

/** The token of a secret, unless it is unknown or revoked. */
export async function findToken(store: Store, secret: string): Promise<TokenRecord | undefined> {
  const row = await store.reader
    .selectFrom("tokens")
    .select(["id", "name", "scopes", "created", "revoked"])
    .where("hash", "=", hashOf(secret))
    .where("revoked", "is", null)
    .executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

/** Revokes a token by its id; at once, in every process. Throws `InvalidInput` for an unknown id. */
export async function revokeToken(store: Store, id: string): Promise<void> {
  const { numUpdatedRows } = await store.writer
    .updateTable("tokens")
    .set({ revoked: Date.now() })
    .where("id", "=", id)
    .where("revoked", "is", null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n)
    throw new InvalidInput(`there is no token ${id} to revoke: see fpx token list`, {
      code: "UNKNOWN_TOKEN",
    });
}

/** All tokens, the newest first. */
export async function listTokens(store: Store): Promise<readonly TokenRecord[]> {
  const rows = await store.reader
    .selectFrom("tokens")
    .select(["id", "name", "scopes", "created", "revoked"])
    .orderBy("created", "desc")
    .execute();
  return rows.map(tokenOf);
}

// The secret has 256 random bits, so a fast hash without salt keeps it.
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

function tokenOf(row: Omit<TokenRecord, "scopes"> & { readonly scopes: string }): TokenRecord {
  return { ...row, scopes: row.scopes.split(" ") as Scope[] };
}
