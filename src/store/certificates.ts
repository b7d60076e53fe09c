/** Certificates that models keep rules. */
import { newId } from "./ids.ts";
import type { Store } from "./store.ts";

/** One rule of a certificate. */
export interface CertifiedRule {
  readonly rule: string;
  readonly verdict: "certified" | "violated" | "unknown";
  /** How far the rule is from being broken; negative where it is. */
  readonly slack?: number;
  /** An input that breaks the rule, and what the model says of it. */
  readonly counterexample?: Readonly<Record<string, unknown>>;
}

/** A certificate; its verdict is the worst of its rules'. */
export interface CertificateRecord {
  readonly id: string;
  readonly name: string;
  /** The run that made it. */
  readonly run: string | null;
  readonly verdict: CertifiedRule["verdict"];
  readonly created: number;
  readonly rules: readonly CertifiedRule[];
}

/** Keeps a certificate; returns its id. Never rounded up: one rule violated or unknown makes it so. */
export async function addCertificate(
  store: Store,
  {
    name,
    run,
    rules,
  }: { readonly name: string; readonly run?: string; readonly rules: readonly CertifiedRule[] },
): Promise<string> {
  const id = newId();
  const has = (verdict: CertifiedRule["verdict"]) => rules.some((rule) => rule.verdict === verdict);
  const verdict = has("violated")
    ? "violated"
    : has("unknown") || rules.length === 0
      ? "unknown"
      : "certified";
  await store.writer
    .insertInto("certificates")
    .values({ id, name, run: run ?? null, verdict, created: Date.now(), rules: JSON.stringify(rules) })
    .execute();
  return id;
}

/** Certificates, the newest first. */
export async function listCertificates(store: Store, limit = 100): Promise<readonly CertificateRecord[]> {
  const rows = await store.reader
    .selectFrom("certificates")
    .selectAll()
    .orderBy("created", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ rules, verdict, ...rest }) => ({
    ...rest,
    verdict: verdict as CertificateRecord["verdict"],
    rules: JSON.parse(rules),
  }));
}
