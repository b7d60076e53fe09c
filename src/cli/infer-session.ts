/** One run of `fpx infer`: the estimator, its columns, and the file that lets a later run go on. */
import { z } from "zod";
import { InvalidInput } from "../core/errors.ts";
import { AveragedKieferWolfowitz, type Loss, type Row } from "../inference/index.ts";
import type { Columns, RowSink } from "./infer-rows.ts";

const FORMAT = "fpx-infer";
const VERSION = 1;

/** What a saved run and the one that goes on from it must agree in. */
export interface Model {
  /** As on the command line. */
  readonly loss: string;
  readonly intercept: boolean;
  readonly method: "random-scaling" | "plug-in";
}

/** What is not saved. */
export interface SessionOptions extends Model {
  readonly data: string;
  readonly call: Loss<Row>;
  readonly smooth: boolean;
  readonly seed: number;
  readonly queries?: number | undefined;
  /** Rows at the file's beginning that an earlier run has taken. */
  readonly skip?: number;
  /** Called after each row taken. */
  readonly taken?: (session: InferSession) => void;
}

const savedRun = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  loss: z.string(),
  intercept: z.boolean(),
  method: z.enum(["random-scaling", "plug-in"]),
  columns: z.object({ features: z.array(z.string()).readonly(), response: z.string() }),
  /** The first row, and which of its features have had that value ever since. */
  first: z.array(z.number()),
  constant: z.array(z.number()),
  estimator: z.unknown(),
});

type Saved = z.infer<typeof savedRun>;

/** Takes rows as a parser gives them. */
export class InferSession implements RowSink {
  readonly #options: SessionOptions;
  #columns: Columns | undefined;
  #fit: AveragedKieferWolfowitz<Row> | undefined;
  #first: Float64Array | undefined;
  #constant: Uint8Array = new Uint8Array();
  #parameters: readonly string[] = [];
  #skip: number;

  constructor(options: SessionOptions, saved?: Saved) {
    this.#options = options;
    this.#skip = options.skip ?? 0;
    if (saved === undefined) return;
    this.#columns = saved.columns;
    this.#parameters = this.#namesOf(saved.columns);
    this.#first = Float64Array.from(saved.first);
    this.#constant = Uint8Array.from(saved.constant);
    this.#fit = AveragedKieferWolfowitz.fromJSON<Row>(saved.estimator, options.call);
    const features = saved.columns.features.length;
    if (this.#fit.state.theta.length !== this.#parameters.length || saved.constant.length !== features) {
      throw new InvalidInput("the saved run is damaged: its columns and its estimator differ in number");
    }
  }

  /** Undefined before the header. */
  get fit(): AveragedKieferWolfowitz<Row> | undefined {
    return this.#fit;
  }

  /** Names of the parameters. */
  get parameters(): readonly string[] {
    return this.#parameters;
  }

  /** Rows of the file that an earlier run has taken and this one has not met yet. */
  get missing(): number {
    return this.#skip;
  }

  begin(columns: Columns): void {
    if (this.#fit !== undefined) return;
    const { call, smooth, method, seed, queries } = this.#options;
    this.#columns = columns;
    this.#parameters = this.#namesOf(columns);
    this.#constant = new Uint8Array(columns.features.length).fill(1);
    this.#fit = new AveragedKieferWolfowitz<Row>({
      initial: new Float64Array(this.#parameters.length),
      loss: call,
      smooth,
      inference: method,
      names: this.#parameters,
      seed,
      ...(queries === undefined ? {} : { queries }),
    });
  }

  row(values: Float64Array, line: number): void {
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    const { data, loss, intercept, taken } = this.#options;
    const features = this.#constant.length;
    this.#first ??= values;
    for (let k = 0; k < features; k++) if (values[k] !== this.#first[k]) this.#constant[k] = 0;
    const response = values[features]!;
    if (loss === "logistic" && response !== 0 && response !== 1) {
      throw new InvalidInput(
        `${data}:${line}: column ${this.#columns!.response} is ${response}; logistic regression needs 0 or 1`,
      );
    }
    let row = values;
    if (intercept) {
      row = new Float64Array(features + 2);
      row[0] = 1;
      row.set(values, 1);
    }
    try {
      this.#fit!.update(row);
    } catch (error) {
      // The pilot meets a constant column as one without effect of its own.
      this.refuseConstant();
      throw error;
    }
    taken?.(this);
  }

  /** Throws `InvalidInput` that names a column which has had one value in all rows, where that makes it useless. */
  refuseConstant(): void {
    const k = this.#constant.indexOf(1);
    if (k < 0 || this.#fit!.count < 2) return;
    const { data, intercept } = this.#options;
    const value = this.#first![k];
    if (intercept || value === 0) {
      throw new InvalidInput(
        `${data}: column ${this.#columns!.features[k]} is ${value} in every row${intercept ? ", as the intercept is constant too" : ""}; leave it out by --features`,
        { code: "CONSTANT_COLUMN" },
      );
    }
  }

  /** What `readSaved` reads. */
  save(): string {
    const { loss, intercept, method } = this.#options;
    const saved: Saved = {
      format: FORMAT,
      version: VERSION,
      loss,
      intercept,
      method,
      columns: this.#columns!,
      first: [...(this.#first ?? [])],
      constant: [...this.#constant],
      estimator: this.#fit!.toJSON(),
    };
    return `${JSON.stringify(saved)}\n`;
  }

  #namesOf({ features }: Columns): readonly string[] {
    return [...(this.#options.intercept ? ["(intercept)"] : []), ...features];
  }
}

/**
 * A saved run from the text of its file. Throws `InvalidInput` when it is none, or its model is another than the one
 * asked for.
 */
export function readSaved(text: string, path: string, model: Model): Saved {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Refused below, as what is no saved run.
  }
  const { success, data: saved } = savedRun.safeParse(content);
  if (!success) {
    throw new InvalidInput(`${path}: this is no state written by fpx infer --state; name another file`);
  }
  for (const key of ["loss", "intercept", "method"] as const) {
    if (saved[key] !== model[key]) {
      throw new InvalidInput(
        `${path}: the saved run has ${key} ${saved[key]}, and this one ${model[key]}; give the same options, or another --state`,
        { code: "STATE_MISMATCH" },
      );
    }
  }
  return saved;
}
