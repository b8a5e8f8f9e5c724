// The whole zoo, or some of it: each server must fail its own check and no other, and the good one none.
//
//   node dist/test/check/zoo-run.js [name ...]

import { exhibits, failedChecks, GOOD_PYTHON } from './zoo.js';

const wanted = process.argv.slice(2);
const chosen = [{ name: 'good', path: GOOD_PYTHON, fails: '' }, ...exhibits()].filter(
  ({ name }) => wanted.length === 0 || wanted.includes(name),
);
let wrong = 0;
for (const { name, path, fails } of chosen) {
  const failed = (await failedChecks(path)).join(' ');
  if (failed !== fails) wrong += 1;
  process.stdout.write(
    `${failed === fails ? 'as expected' : 'WRONG'}: ${name} fails ${failed || 'nothing'}\n`,
  );
}
process.stdout.write(`${chosen.length - wrong} of ${chosen.length} as expected\n`);
if (wrong > 0 || chosen.length === 0) process.exitCode = 1;
