// `make exercise`: a server with a bug in it, for a student to find. The bugs are those of bugs.ts, by number and symptom;
// the copy is made below dist/, where the next build removes it.
//
//   node dist/test/exercise.js [number]

import { rmSync } from 'node:fs';
import { relative } from 'node:path';
import { BUGS, copyWith } from './bugs.js';
import { built } from './support.js';

const [wanted] = process.argv.slice(2);
const bug = wanted !== undefined && /^\d+$/.test(wanted) ? BUGS[Number(wanted) - 1] : undefined;

if (bug !== undefined) {
  const folder = built(`exercise-${wanted}`);
  rmSync(folder, { recursive: true, force: true });
  copyWith(bug, ['server', 'client', 'shared'], folder);
  const here = relative(process.cwd(), folder);
  say(`${here} holds a copy of the server in which one thing is wrong:`);
  say(`  ${bug.symptom}`);
  say('Start it, see it happen or think how it would, and find the line:');
  say(`  node ${here}/dist/server/strsvr.js ${['2000', ...bug.args].join(' ')}`);
  say('  node dist/client/strclnt.js');
} else if (wanted === undefined) {
  say('Servers with one bug each, to be found. Take one with: make exercise N=4');
  for (const [i, { symptom }] of BUGS.entries()) say(`${String(i + 1).padStart(3)}  ${symptom}`);
} else {
  process.stderr.write(`N: expected a number from 1 to ${BUGS.length}, got ${wanted}\n`);
  process.exitCode = 2;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
