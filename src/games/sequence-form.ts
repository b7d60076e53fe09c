import { InvalidInput } from "../core/errors.ts";
import { bilinearGame, type SaddleGame } from "./saddle-game.ts";
import { type InformationSet, treeplex } from "./sets/treeplex.ts";

/** A node of a two-player zero-sum game tree. `payoff` is to player 1. */
export type GameNode =
  | { readonly kind: "end"; readonly payoff: number }
  | {
      readonly kind: "chance";
      readonly outcomes: readonly { readonly probability: number; readonly node: GameNode }[];
    }
  | {
      readonly kind: "move";
      readonly player: 1 | 2;
      /** What the player knows: nodes with the same text are the same to them. */
      readonly knows: string;
      readonly actions: readonly { readonly name: string; readonly node: GameNode }[];
    };

/** A game in sequence form: player 1 is x (the payoff is negated, since x minimises), player 2 is y. */
export interface SequenceFormGame {
  readonly game: SaddleGame;
  /** What each sequence of x and y is: "" (empty), then "what was known: action". */
  readonly sequences: { readonly x: readonly string[]; readonly y: readonly string[] };
  /** The value to player 1 of a value of `game`. */
  valueToPlayer1(value: number): number;
}

interface Known {
  readonly parent: number;
  readonly first: number;
  readonly names: readonly string[];
}

class Player {
  readonly sets: InformationSet[] = [];
  readonly sequences: string[] = [""];
  readonly known: Map<string, Known> = new Map();

  /** The first sequence of an information set, registered when it is first met. */
  meet(knows: string, parent: number, names: readonly string[]): number {
    const met = this.known.get(knows);
    if (!met) {
      const first = this.sequences.length;
      this.known.set(knows, { parent, first, names });
      this.sets.push({ parent, actions: names.length });
      for (const name of names) this.sequences.push(`${knows}: ${name}`);
      return first;
    }
    if (met.parent !== parent)
      throw new InvalidInput(`at "${knows}" the player has forgotten an own move: perfect recall is needed`);
    if (met.names.join("\n") !== names.join("\n"))
      throw new InvalidInput(
        `"${knows}" is met with different actions: name what the player knows more exactly`,
      );
    return met.first;
  }
}

/**
 * The sequence form of a game tree, as a bilinear game on two treeplexes.
 * @throws InvalidInput for imperfect recall, chances that do not add up to 1, or a player without moves.
 */
export function sequenceForm(root: GameNode): SequenceFormGame {
  const players = [new Player(), new Player()] as const;
  const leaves = new Map<string, { i: number; j: number; payoff: number }>();
  const walk = (node: GameNode, i: number, j: number, chance: number): void => {
    if (node.kind === "end") {
      if (!Number.isFinite(node.payoff))
        throw new InvalidInput(`a payoff is ${node.payoff}: give finite numbers`);
      const key = `${i},${j}`;
      const leaf = leaves.get(key) ?? { i, j, payoff: 0 };
      leaf.payoff += chance * node.payoff;
      leaves.set(key, leaf);
    } else if (node.kind === "chance") {
      const sum = node.outcomes.reduce((total, { probability }) => total + probability, 0);
      if (node.outcomes.some(({ probability }) => !(probability >= 0)) || Math.abs(sum - 1) > 1e-9)
        throw new InvalidInput(
          `the probabilities of a chance node add up to ${sum}: make it 1, none negative`,
        );
      for (const { probability, node: next } of node.outcomes) walk(next, i, j, chance * probability);
    } else {
      if (node.actions.length === 0)
        throw new InvalidInput(`"${node.knows}" has no actions: give at least one`);
      const own = node.player === 1 ? i : j;
      const first = players[node.player - 1]!.meet(
        node.knows,
        own,
        node.actions.map(({ name }) => name),
      );
      for (const [a, { node: next }] of node.actions.entries())
        node.player === 1 ? walk(next, first + a, j, chance) : walk(next, i, first + a, chance);
    }
  };
  walk(root, 0, 0, 1);
  const [one, two] = players;
  if (one.sets.length === 0 || two.sets.length === 0)
    throw new InvalidInput("a player never moves: the game needs moves of both");
  const columns = two.sequences.length;
  const matrix = new Float64Array(one.sequences.length * columns);
  for (const { i, j, payoff } of leaves.values()) matrix[i * columns + j] = -payoff;
  return {
    game: bilinearGame(treeplex(one.sets), treeplex(two.sets), matrix),
    sequences: { x: one.sequences, y: two.sequences },
    valueToPlayer1: (value) => -value,
  };
}
