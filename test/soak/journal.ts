// Crash consistency of the journal: kill -9, images of a power failure, and the order of system calls.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killCycles, powerCutImages, tracedRun } from '../support/crash-consistency.js';
import { exactly, inFolder, info, nothing, type ResultRow, type Scope, scaled } from './suite.js';

const KILL_CYCLES = 1_000;
const IMAGES = 10_000;
const TRACED_RUNS = 50;
const REPLIES_A_RUN = 200;
/** Each reply is the whole text, so the cost of a cycle grows with the history. */
const CYCLES_A_JOURNAL = 50;

export function kills(scope: Scope): Promise<ResultRow[]> {
  return inFolder(async (folder) => {
    const total = scaled(KILL_CYCLES, scope);
    const broken: string[] = [];
    let answered = 0;
    for (let done = 0; done < total; done += CYCLES_A_JOURNAL) {
      scope.progress(done, total);
      const cycles = Math.min(CYCLES_A_JOURNAL, total - done);
      const figures = await killCycles(cycles, join(folder, `killed-${done}`));
      answered += figures.answered;
      if (figures.broken !== undefined) broken.push(figures.broken);
    }
    return [
      info('kill -9 with 8 clients, cycles', total),
      { what: '  letters answered', figure: answered, good: answered > 5 * total },
      nothing('  violations', broken),
    ];
  });
}

export function powerCuts(scope: Scope): Promise<ResultRow[]> {
  return inFolder(async (folder) => {
    const figures = await powerCutImages(scaled(IMAGES, scope), folder);
    return [
      info('images of a power cut', figures.images),
      exactly('  answered letters lost', figures.lost, 0),
      exactly('  letters invented', figures.invented, 0),
      exactly('  rejected', figures.rejected, 0),
    ];
  });
}

export async function traces(scope: Scope): Promise<ResultRow[]> {
  if (spawnSync('strace', ['-V']).error !== undefined)
    return [info('traced runs', 'skipped: there is no strace')];
  return inFolder(async (folder) => {
    const total = scaled(TRACED_RUNS, scope);
    let [replies, early] = [0, 0];
    for (let run = 0; run < total; run += 1) {
      scope.progress(run, total);
      const file = join(folder, `traced-${run}`);
      writeFileSync(file, 'abc');
      const figures = await tracedRun(file, join(folder, 'strace'));
      replies += figures.replies;
      early += figures.early;
    }
    return [
      info('traced runs', total),
      exactly('  replies', replies, REPLIES_A_RUN * total),
      exactly('  sent before their fdatasync', early, 0),
    ];
  });
}
