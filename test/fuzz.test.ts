import { fuzz } from "./support/fuzz.ts";

fuzz(40);
