/** Parts of the forward pass done anew in the backward pass, so that their values need not be kept till then. */

import type { Node, NodeOf, OperationName, Tensor } from "./graph.ts";
import { after } from "./movement.ts";

/** The nodes between two checkpoints, calculated a second time from the first. */
export interface Recomputation {
  /** Where the part ends: its gradient is known before the part is entered backwards. */
  readonly end: Tensor;
  contains(node: Node): boolean;
  /** A node of the part as it is done anew. */
  again(node: Node): Node;
}

/**
 * The part from one checkpoint to the next. What it reads from before `start` beside `start` itself is kept. `cues`, asked
 * at the first use, says what must be known before the part is done anew: else it could be done at once.
 */
export function recomputation(start: Tensor, end: Tensor, cues: () => readonly Tensor[]): Recomputation {
  const copies = new Map<number, Tensor>();
  const contains = ({ index }: Node): boolean => index > start.node.index && index <= end.node.index;
  const copyOf = (tensor: Tensor): Tensor => {
    if (copies.size === 0) copies.set(start.id, after(start, cues()));
    const known = copies.get(tensor.id);
    if (known !== undefined || !contains(tensor.node)) return known ?? tensor;
    const { op, attributes, inputs, outputs } = tensor.node as NodeOf<OperationName>;
    const own = inputs.map(copyOf);
    const same = own.every((input, i) => input === inputs[i]);
    const made = same ? outputs : tensor.graph.make(op, attributes, own, outputs);
    for (const [i, output] of outputs.entries()) copies.set(output.id, made[i]!);
    return copies.get(tensor.id)!;
  };
  return { end, contains, again: (node) => copyOf(node.outputs[0]!).node };
}
