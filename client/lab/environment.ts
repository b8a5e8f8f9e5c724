// On what all this was measured: said with every figure.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Environment } from './results.js';

export function environment(): Environment {
  return {
    processors: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    versions: {
      'Node.js': process.versions.node,
      ...version('cc', ['cc', '--version']),
      ...version('Python', ['python3', '--version']),
    },
    pinning:
      'none: the system moves load and servers between cores as it likes, except where an experiment says otherwise',
  };
}

/** Of the sources that this was built from; undefined outside a repository. */
export function commit(): string | undefined {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const hash = firstLine(['git', '-C', root, 'rev-parse', '--short', 'HEAD']);
  if (hash === undefined) return undefined;
  return firstLine(['git', '-C', root, 'status', '--porcelain']) ? `${hash}, changed` : hash;
}

export function packageVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function version(name: string, command: readonly string[]): Record<string, string> {
  const line = firstLine(command);
  return line === undefined ? {} : { [name]: line.replace(/^Python /, '') };
}

function firstLine([program = '', ...args]: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return undefined;
  }
}
