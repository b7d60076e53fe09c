/**
 * What drives delivery times, with intervals, in one pass over a stream that is read in stretches. Run it: fpx run
 * study.ts. Then read rows of your own.
 */
import { defineStudy } from "fpx";
import { kieferWolfowitz, linearLoss, type Row } from "fpx/inference";
import { createRng } from "fpx/random";

const rows = 20_000;
const rng = createRng(9);

/** Delivery k as a row: a constant, distance and load (both centered), and last its time. */
function delivery(k: number): Row {
  const [distance, load, noise] = rng.stream("delivery", 0, k).normals(3);
  return Float64Array.of(1, distance!, load!, 2 + 1.5 * distance! + 0.4 * load! + 0.5 * noise!);
}

export default defineStudy({
  name: "delivery-times",
  problem: {
    fingerprint: "deliveries, 20000 rows, seed 9",
    loss: linearLoss,
    read: {
      name: "read",
      answer: ({ offset, count }: { offset: number; count: number }) =>
        Array.from({ length: Math.max(0, Math.min(count, rows - offset)) }, (_, i) => delivery(offset + i)),
    },
  },
  solver: kieferWolfowitz<Row>({ initial: [0, 0, 0] }),
  stop: { maxCalls: 10_000 },
  seed: 1,
  report: (fit) =>
    fit
      .confidenceInterval({ level: 0.95 })
      .map(({ estimate, lower, upper }, k) => {
        const name = ["constant", "distance", "load"][k];
        return `${name} ${estimate.toFixed(3)} [${lower.toFixed(3)}, ${upper.toFixed(3)}]`;
      })
      .join(", "),
});
