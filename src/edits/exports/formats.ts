/** The formats by name. */

import { InvalidInput } from "../../core/errors.ts";
import type { EditFormat } from "./format.ts";
import * as hosted from "./hosted.ts";
import { fpxLog } from "./log.ts";
import * as products from "./products.ts";
import * as trl from "./trl.ts";

/** Every format that edits can be exported to and imported from. */
export const EDIT_FORMATS: readonly EditFormat[] = [
  fpxLog,
  trl.trlPreference,
  trl.trlPreferenceStandard,
  trl.trlPromptCompletion,
  trl.trlPromptCompletionStandard,
  trl.trlMessages,
  trl.trlUnpaired,
  trl.trlUnpairedStandard,
  hosted.openaiDpo,
  hosted.openaiSft,
  hosted.azureDpo,
  hosted.azureSft,
  hosted.togetherDpo,
  hosted.togetherSft,
  hosted.fireworksDpo,
  hosted.fireworksSft,
  hosted.bedrockSft,
  hosted.sagemakerDpo,
  products.langfuse,
  products.langsmith,
  products.braintrust,
];

/** The format of a name. Throws `InvalidInput` that lists the names. */
export function editFormat(name: string): EditFormat {
  const format = EDIT_FORMATS.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  throw new InvalidInput(
    `unknown format ${JSON.stringify(name)}; use one of ${EDIT_FORMATS.map((known) => known.name).join(", ")}`,
  );
}
