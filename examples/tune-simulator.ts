/** Tune a landing controller by flying it: the simulator is seeded, so one seed serves all flights of an estimate. */
import { createRng } from "fpx/random";
import { advise, minimize } from "fpx/zeroth-order";

/** Gains of thrust: how height, speed and their product are answered, and a constant; the cost of one flight in wind. */
function flight(gains: Float64Array, seed: number): number {
  const gusts = createRng(1).stream("gusts", seed).normals(200);
  let [height, speed, fuel] = [10, -1, 0];
  for (const gust of gusts) {
    const wish = gains[0]! * height + gains[1]! * speed + gains[2]! * height * speed * 0.1 + gains[3]!;
    const thrust = 10 / (1 + Math.exp(-wish));
    speed += 0.05 * (thrust - 4.9 + 0.8 * gust);
    height += 0.05 * speed;
    fuel += 0.05 * thrust;
  }
  return height ** 2 + 2 * speed ** 2 + 0.02 * fuel;
}

/** The mean over 40 flights that no training seed names. */
const worth = (gains: Float64Array) => {
  let sum = 0;
  for (let k = 0; k < 40; k++) sum += flight(gains, 1_000_000 + k) / 40;
  return sum;
};

const start = new Float64Array(4);
const shape = { dimension: 4, evaluations: 4000, noise: 0.3 };
console.log(`advice: ${advise(shape).use}: ${advise(shape).reason}`);
console.log(`untuned: mean cost ${worth(start).toFixed(2)}`);
// Central differences, not p4: without bias, p4's rare long draws throw the gains out of this bumpy landscape.
const { x, evaluations } = minimize(flight, start, {
  gradient: { method: "central", numDirections: 4, mu: 0.2 },
  optimizer: "adam",
  stepSize: { initial: 0.2, exponent: 0.6, offset: 10 },
  stochastic: true,
  maxEvaluations: 4000,
  seed: 2,
});
const gains = Array.from(x, (gain) => gain.toFixed(2)).join(", ");
console.log(`tuned: mean cost ${worth(x).toFixed(2)} after ${evaluations} flights, gains ${gains}`);
