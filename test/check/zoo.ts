// The zoo: servers in Python with one fault each. The name of the file begins with the check that must fail.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from '../../client/check/checks/all.js';
import { gradeServer } from '../../client/check/run-checks.js';
import { built } from '../support/program.js';

const FOLDER = join(built('..'), 'test/check/zoo');

export const GOOD = join(FOLDER, 'good.py');

/** A file of the zoo, and the check that it fails. */
export interface Exhibit {
  readonly name: string;
  readonly path: string;
  readonly fails: string;
}

export function exhibits(): Exhibit[] {
  const ids = CHECKS.map(({ id }) => id).sort((one, other) => other.length - one.length);
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.py') && file !== 'good.py')
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.py'.length);
      const fails = ids.find((id) => name === id || name.startsWith(`${id}-`));
      if (fails === undefined) throw new Error(`${file} names no check`);
      return { name, path: join(FOLDER, file), fails };
    });
}

/** The checks that a server in Python fails. @param only these, or all */
export async function failedChecks(path: string, only?: readonly string[]): Promise<string[]> {
  const command = ['python3', path, '{port}'];
  const { results } = await gradeServer({ command }, { seed: 1, ...(only !== undefined && { only }) });
  return results.filter(({ status }) => status === 'failed').map(({ check }) => check.id);
}
