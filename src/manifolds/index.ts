export { requireHadamard, riemaconXi, zeta } from "./spaces/curvature.ts";
export { euclidean } from "./spaces/euclidean.ts";
export { hyperbolic } from "./spaces/hyperbolic.ts";
export {
  geodesic,
  isPoint,
  type Manifold,
  randomDirection,
  randomPoint,
  randomVector,
} from "./spaces/manifold.ts";
export { type ProductManifold, product } from "./spaces/product.ts";
export { logdet, spd } from "./spaces/spd.ts";
