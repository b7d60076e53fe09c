/** An equilibrium of a table that someone types, solved in the page. */
import { solveMatrixGame } from "fpx/games";

const field = document.querySelector<HTMLTextAreaElement>("#payoffs")!;
const answer = document.querySelector<HTMLOutputElement>("#answer")!;

const percent = (strategy: Float64Array): string =>
  [...strategy].map((p) => `${(100 * p).toFixed(1)} %`).join(", ");

async function solve(): Promise<void> {
  const rows = field.value.trim().split("\n");
  try {
    const game = await solveMatrixGame(
      rows.map((row) =>
        row
          .trim()
          .split(/[\s,;]+/)
          .map(Number),
      ),
    );
    answer.textContent = [
      `rows play     ${percent(game.rowStrategy)}`,
      `columns play  ${percent(game.columnStrategy)}`,
      `value         ${game.value.toFixed(4)}, certified to ${game.nashConv.toExponential(1)}`,
      game.reason,
    ].join("\n");
  } catch (error) {
    answer.textContent = (error as Error).message;
  }
}

document.querySelector("#solve")!.addEventListener("click", () => void solve());
void solve();
