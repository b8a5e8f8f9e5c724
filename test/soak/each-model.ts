// The test files of the I/O models in full: `make test` runs most of their tests with one model for each path in the code.

import { spawn } from 'node:child_process';
import { built, Program } from '../support/program.js';
import { THOROUGH_VARIABLE } from '../support/thorough.js';
import { exactly, type ResultRow, type Scope } from './suite.js';

const FILES = [
  'models/attack',
  'models/models',
  'models/model-behaviour',
  'wire/chaos-proxy',
  'lab/load',
  'lab/lab',
];

export async function eachModel({ progress }: Scope): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for (const [done, file] of FILES.entries()) {
    progress(done, FILES.length);
    const env = { ...process.env, [THOROUGH_VARIABLE]: '1' };
    const tests = new Program(spawn(process.execPath, [built('test/run.js'), file], { env, stdio: 'pipe' }));
    const { status, stdout } = await tests.finished;
    rows.push(
      exactly(
        `exit status of ${file}.test, each I/O model${status === 0 ? '' : `\n${stdout}`}`,
        Number(status),
        0,
      ),
    );
  }
  return rows;
}
