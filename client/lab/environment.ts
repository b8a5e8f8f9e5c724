// The machine and the versions that results belong to; they stand beside every result.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { formatNumber, plural } from '../../shared/numbers.js';
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
  const commit = await firstLine(['git', '-C', ROOT, 'describe', '--always', '--dirty']);
  return { version, commit, date: new Date().toISOString(), machine };
}

/** The same in words, by name. */
export function facts({ machine, version, commit, date, seed, repeats }: Omit<Results, 'experiments'>) {
  const { processors, cores, memoryGiB, system, loadAverage, versions } = machine;
  return Object.entries({
    machine: `${processors}, ${plural(cores, 'core')}, ${formatNumber(memoryGiB)} GiB`,
    system: `${system}, load average before ${formatNumber(loadAverage)}`,
    'cores used': 'all, except where an experiment says otherwise',
    ...versions,
    strsvr: commit === undefined ? version : `${version}, commit ${commit}`,
    ...{ date, repeats: `${repeats}`, seed: `${seed}` },
  });
}

async function firstLine(command: readonly string[]): Promise<string | undefined> {
  const text = await output(command).catch(() => undefined);
  return text?.split('\n')[0];
}
