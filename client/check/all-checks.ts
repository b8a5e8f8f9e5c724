// All checks: every file of checks/, in the order of the report. What others need comes first, then lower levels, then more
// points.

import { readdirSync } from 'node:fs';
import type { Check } from './check.js';
import { LEVELS } from './protocol-level.js';

export const CHECKS: readonly Check[] = await readChecks(new URL('./checks/', import.meta.url));

/**
 * The checks of a folder: each compiled file exports one as `check`.
 * @throws Error if a file has none, or a check needs one that is not there, or itself
 */
export async function readChecks(folder: URL): Promise<Check[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const modules = files.map(async (file) => {
    const { check }: { check?: Check } = await import(new URL(file, folder).href);
    if (check === undefined) throw new Error(`${file} exports no check`);
    return check;
  });
  return inOrder(await Promise.all(modules));
}

function inOrder(checks: readonly Check[]): Check[] {
  const ranked = checks.map((check) => ({ check, depth: depthOf(check, checks) }));
  return ranked
    .sort(
      (one, other) =>
        one.depth - other.depth ||
        LEVELS.indexOf(one.check.level) - LEVELS.indexOf(other.check.level) ||
        other.check.points - one.check.points ||
        one.check.id.localeCompare(other.check.id),
    )
    .map(({ check }) => check);
}

/** The length of the longest chain of needs. */
function depthOf({ id, needs }: Check, checks: readonly Check[], dependents: readonly string[] = []): number {
  if (dependents.includes(id)) throw new Error(`check ${id} needs itself`);
  const depths = needs.map((need) => {
    const needed = checks.find((check) => check.id === need);
    if (needed === undefined) throw new Error(`check ${id} needs ${need}, which is not there`);
    return depthOf(needed, checks, [...dependents, id]);
  });
  return 1 + Math.max(0, ...depths);
}
