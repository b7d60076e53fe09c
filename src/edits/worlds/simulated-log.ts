/** Edit logs made by simulated users, and the way back from a log to its world. */

import { InvalidInput } from "../../core/errors.ts";
import type { EditRecord } from "../record.ts";
import { mailTask } from "./mail.ts";
import { summaryTask } from "./summary.ts";
import { createTaskWorld } from "./task-world.ts";
import type { EditWorld, UserKind } from "./world.ts";

const TASKS = [mailTask, summaryTask];

/** What the `meta` of a record says of the world it was made in; enough to rebuild it, and no wishes. */
export type WorldMeta = {
  readonly world: string;
  readonly worldVersion: number;
  readonly worldSeed: number;
  readonly user: UserKind;
  readonly episode: number;
};

/** The records of the episodes in which a user of the world edits `drafts[i]`, written for `contexts[i]`. */
export function simulateLog(
  world: EditWorld,
  contexts: readonly string[],
  drafts: readonly string[],
  options: { readonly user?: UserKind; readonly policy: string },
): EditRecord[] {
  const { user = "strong", policy } = options;
  if (drafts.length !== contexts.length) {
    throw new InvalidInput(
      `${contexts.length} contexts but ${drafts.length} drafts; give one draft per context`,
    );
  }
  const { name, version, seed } = world;
  return contexts.map((context, episode) => ({
    id: `${name}-${seed}-${user}-${episode}`,
    context,
    draft: drafts[episode]!,
    edited: world.edit(context, drafts[episode]!, { user, episode }),
    policy,
    user: `${name}-${user}`,
    meta: { world: name, worldVersion: version, worldSeed: seed, user, episode } satisfies WorldMeta,
  }));
}

/**
 * The world that a record's `meta` names by name, version and seed, or undefined when it names none.
 * @throws InvalidInput when the world is named but unknown, or of another version.
 */
export function worldOfMeta(meta: Readonly<Record<string, unknown>> | undefined): EditWorld | undefined {
  if (meta === undefined || !["world", "worldVersion", "worldSeed"].every((key) => key in meta))
    return undefined;
  const { world, worldVersion, worldSeed } = meta;
  const seed = Number.isSafeInteger(worldSeed) ? (worldSeed as number) : undefined;
  const task = TASKS.find(({ name }) => name === world);
  if (task === undefined || seed === undefined) {
    throw new InvalidInput(
      `meta names the world ${JSON.stringify(world)} with seed ${JSON.stringify(worldSeed)}; known are ${TASKS.map(({ name }) => `"${name}"`).join(" and ")} with an integer seed`,
    );
  }
  if (task.version !== worldVersion) {
    throw new InvalidInput(
      `the log was made in version ${JSON.stringify(worldVersion)} of the ${task.name} world, this is version ${task.version}; make the log again`,
    );
  }
  return createTaskWorld(task, { seed });
}

/** The world in which all records of a log were made, or undefined when there is no such one world. */
export function worldOfLog(records: readonly EditRecord[]): EditWorld | undefined {
  const key = ({ meta }: EditRecord) =>
    JSON.stringify([meta?.["world"], meta?.["worldVersion"], meta?.["worldSeed"]]);
  const [first] = records;
  if (first === undefined || records.some((record) => key(record) !== key(first))) return undefined;
  return worldOfMeta(first.meta);
}
