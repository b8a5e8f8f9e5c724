// The machine and the versions that results belong to; they stand beside every result.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { output } from '../child-process.js';
import type { Results } from './results.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** What was measured, when and where. */
export async function circumstances(): Promise<Pick<Results, 'version' | 'commit' | 'date' | 'machine'>> {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
  const [cc, python] = await Promise.all(['cc', 'python3'].map((tool) => firstLine([tool, '--version'])));
  const machine = {
    processors: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    loadAverage: loadavg()[0] ?? 0,
    versions: {
      'Node.js': process.versions.node,
      ...(cc !== undefined && { cc }),
      ...(python !== undefined && { Python: python.replace(/^Python /, '') }),
    },
  };
  return { version, commit: await commit(), date: new Date().toISOString(), machine };
}

/** Of the sources that this was built from; undefined outside a repository. */
async function commit(): Promise<string | undefined> {
  const hash = await firstLine(['git', '-C', ROOT, 'rev-parse', '--short', 'HEAD']);
  if (hash === undefined) return undefined;
  return (await firstLine(['git', '-C', ROOT, 'status', '--porcelain'])) ? `${hash}, changed` : hash;
}

async function firstLine(command: readonly string[]): Promise<string | undefined> {
  const text = await output(command).catch(() => undefined);
  return text?.split('\n')[0];
}
