/**
 * Three guards watch ten sites; an intruder goes where he gains most. How should both randomise, and what is lost at
 * worst? Run it: fpx run study.ts. Then put in stakes of your own.
 */
import { defineStudy } from "fpx";
import { bilinearGame, kSubsets, optimisticFtpl, simplex } from "fpx/games";

const stakes = [9, 7, 7, 6, 5, 4, 4, 3, 2, 1];
const guards = 3;
const sites = stakes.length;

// The intruder pays -stakes[i] at site i, and gets it back when a guard is there: entry (i, j) is what the guard at
// site j contributes, and exactly `guards` entries of a row are added up.
const matrix = new Float64Array(sites * sites);
for (const [i, stake] of stakes.entries())
  for (let j = 0; j < sites; j++) matrix[i * sites + j] = (i === j ? stake : 0) - stake / guards;

export default defineStudy({
  name: "patrol",
  problem: bilinearGame(simplex(sites), kSubsets(sites, guards), matrix),
  solver: optimisticFtpl({ guess: "past", samples: 8, tolerance: 0.02 }),
  stop: { maxSteps: 5000 },
  seed: 1,
});
