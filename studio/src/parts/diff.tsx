/** What changed, word by word. */
import type { Segment } from "../api.ts";

export function Diff({ segments }: { readonly segments: readonly Segment[] }) {
  return (
    <p class="text">
      {segments.map(({ kind, text }, i) =>
        kind === "insert" ? <ins key={i}>{text}</ins> : kind === "delete" ? <del key={i}>{text}</del> : text,
      )}
    </p>
  );
}
