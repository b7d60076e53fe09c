import { InvalidInput } from "../../core/errors.ts";
import { encodePrompt, encodeResponse, type Tokenizer, type TokenPair } from "../../lm/index.ts";
import { type Context, type EditRecord, isEdited } from "../record.ts";

/** An edit as token ids: what the model saw, what the user left, what was drafted. */
export interface Example {
  readonly record: EditRecord;
  /** Prompt and edited text. */
  readonly edited: TokenPair;
  /** Prompt and draft. */
  readonly draft: TokenPair;
  /** Whether the user changed the draft; an unchanged pair holds no preference. */
  readonly changed: boolean;
}

export interface EncodedLog {
  readonly examples: readonly Example[];
  /** Records whose prompt and longer text do not fit the model; cutting them would make false preferences. */
  readonly tooLong: readonly EditRecord[];
  /** Records whose context the model's prompt layout has no place for, with the reason. */
  readonly unfit: readonly { readonly record: EditRecord; readonly reason: string }[];
}

/** Encodes records in comparable form for a model with `maximumPositions`; one prompt layout serves draft and edited text alike. */
export function encodeLog(
  tokenizer: Tokenizer,
  records: readonly EditRecord[],
  maximumPositions: number,
): EncodedLog {
  const examples: Example[] = [];
  const tooLong: EditRecord[] = [];
  const unfit: { record: EditRecord; reason: string }[] = [];
  for (const record of records) {
    const { context, draft, edited } = record;
    const prompt = promptOrReason(tokenizer, context);
    if (typeof prompt === "string") {
      unfit.push({ record, reason: prompt });
      continue;
    }
    const example = {
      record,
      edited: { prompt, response: encodeResponse(tokenizer, edited) },
      draft: { prompt, response: encodeResponse(tokenizer, draft) },
      changed: isEdited(record),
    };
    const longest = Math.max(example.edited.response.length, example.draft.response.length);
    if (prompt.length + longest > maximumPositions) tooLong.push(record);
    else examples.push(example);
  }
  return { examples, tooLong, unfit };
}

/** The context as a prompt, or why the model's prompt layout has no place for it. */
export function promptOrReason(tokenizer: Tokenizer, context: Context): number[] | string {
  try {
    return encodePrompt(tokenizer, context);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
}
