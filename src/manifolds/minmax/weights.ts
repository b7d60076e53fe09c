import type { Both, SaddleConstants } from "../problem.ts";

/** Alternating best responses need Lxy^2 <= SHARE mu_x mu_y. */
const SHARE = 0.5;
/** What a level costs besides its steps, fitted on seven problems. */
const LEVEL = 1.7;
const GRID = 60;
/** A player's best response may move by this many times the other's move, lest it overflows. */
const LONGEST = 1000;

/**
 * The prox weights alpha_x, alpha_y of RAMMA: the least estimated cost over a grid of mu_x + alpha_x, such that
 * (mu_x + alpha_x)(mu_y + alpha_y) >= 2 Lxy^2. A weight of 0 skips its level. Derived here, not the paper's.
 */
export function proxWeights(c: SaddleConstants, zetaX: number, zetaY: number): Both<number> {
  const needed = c.Lxy ** 2 / SHARE;
  if (needed <= c.muX * c.muY) return { x: 0, y: 0 };
  const cost = (x: number, y: number): number => {
    const sx = c.muX + x;
    const sy = c.muY + y;
    const levels = (x > 0 ? 1 : 0) + (y > 0 ? 1 : 0);
    return (
      Math.sqrt((sx / c.muX) * (sy / c.muY)) *
      (Math.sqrt((c.Lx + zetaX * x) / sx) + Math.sqrt((c.Ly + zetaY * y) / sy)) *
      LEVEL ** levels
    );
  };
  let best = { x: Math.SQRT2 * c.Lxy, y: Math.SQRT2 * c.Lxy };
  let least = cost(best.x, best.y);
  const slowest = c.Lxy / LONGEST;
  const low = Math.log(Math.max(c.muX, slowest));
  const high = Math.log(Math.max(needed / Math.max(c.muY, slowest), c.muX));
  for (let i = 0; i < GRID; i++) {
    // Both ends are single levels, hit exactly, where the moduli are not too small for them.
    const sx = i === 0 && c.muX >= slowest ? c.muX : Math.exp(low + ((high - low) * i) / (GRID - 1));
    const x = sx - c.muX;
    const y = i === GRID - 1 && c.muY >= slowest ? 0 : Math.max(0, needed / sx - c.muY);
    const value = cost(x, y);
    if (value < least) {
      least = value;
      best = { x, y };
    }
  }
  return best;
}
