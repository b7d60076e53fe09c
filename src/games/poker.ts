import type { GameNode } from "./sequence-form.ts";

const end = (payoff: number): GameNode => ({ kind: "end", payoff });

function deal<T>(outcomes: readonly T[], next: (outcome: T) => GameNode): GameNode {
  return {
    kind: "chance",
    outcomes: outcomes.map((outcome) => ({ probability: 1 / outcomes.length, node: next(outcome) })),
  };
}

/** Kuhn poker: three cards, ante 1, one bet of 1; worth -1/18 to player 1. */
export function kuhnPoker(): GameNode {
  const cards = [0, 1, 2];
  const deals = cards.flatMap((a) => cards.filter((b) => b !== a).map((b) => [a, b] as const));
  return deal(deals, ([a, b]) => {
    const wins = a > b ? 1 : -1;
    const answerBet = (player: 1 | 2, history: string): GameNode => ({
      kind: "move",
      player,
      knows: `${"JQK"[player === 1 ? a : b]} ${history}`,
      actions: [
        { name: "fold", node: end(player === 1 ? -1 : 1) },
        { name: "call", node: end(2 * wins) },
      ],
    });
    return {
      kind: "move",
      player: 1,
      knows: `${"JQK"[a]}`,
      actions: [
        {
          name: "check",
          node: {
            kind: "move",
            player: 2,
            knows: `${"JQK"[b]} check`,
            actions: [
              { name: "check", node: end(wins) },
              { name: "bet", node: answerBet(1, "check-bet") },
            ],
          },
        },
        { name: "bet", node: answerBet(2, "bet") },
      ],
    };
  });
}

/** Bets of the two betting rounds, and raises allowed in each. */
const BETS = [2, 4] as const;
const RAISES = 2;

/**
 * Leduc poker: six cards (three ranks twice), ante 1, a private card each, a round of bets of 2, a public card, a round of
 * bets of 4, at most two raises a round; a pair with the public card wins, else the higher rank.
 */
export function leducPoker(): GameNode {
  const deck = [0, 1, 2, 3, 4, 5];
  const rank = (card: number) => card >> 1;
  const symbol = (card: number) => "JQK"[rank(card)]!;
  const pairs = deck.flatMap((a) => deck.filter((b) => b !== a).map((b) => [a, b] as const));

  return deal(pairs, ([a, b]) => {
    const strength = (own: number, board: number) => (rank(own) === rank(board) ? 10 : 0) + rank(own);
    const showdown = (board: number, stake: number): GameNode =>
      end(stake * Math.sign(strength(a, board) - strength(b, board)));

    /** A betting round; `owed` is what the mover must add to stay, `stake` what the other has put in. */
    const betting = (
      round: 0 | 1,
      board: number | undefined,
      history: string,
      player: 1 | 2,
      stakes: readonly [number, number],
      raises: number,
      checked: boolean,
    ): GameNode => {
      const other = player === 1 ? 2 : 1;
      const [own, theirs] = [stakes[player - 1]!, stakes[other - 1]!];
      const paid = (amount: number): readonly [number, number] =>
        player === 1 ? [amount, theirs] : [theirs, amount];
      const close = (stake: number): GameNode =>
        board === undefined
          ? deal(
              deck.filter((card) => card !== a && card !== b),
              (card) => betting(1, card, `${history}/${symbol(card)}`, 1, [stake, stake], 0, false),
            )
          : showdown(board, stake);
      const actions: { name: string; node: GameNode }[] = [];
      if (theirs > own) {
        actions.push({ name: "fold", node: end(player === 1 ? -own : own) });
        actions.push({ name: "call", node: close(theirs) });
      } else {
        actions.push({
          name: "check",
          node: checked ? close(own) : betting(round, board, `${history}c`, other, stakes, raises, true),
        });
      }
      if (raises < RAISES)
        actions.push({
          name: theirs > own ? "raise" : "bet",
          node: betting(round, board, `${history}r`, other, paid(theirs + BETS[round]), raises + 1, true),
        });
      const player1 = player === 1;
      return { kind: "move", player, knows: `${symbol(player1 ? a : b)} ${history}`, actions };
    };
    return betting(0, undefined, "", 1, [1, 1], 0, false);
  });
}
