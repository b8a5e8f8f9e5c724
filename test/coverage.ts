// Holds the files that everything rests on to full branch coverage, after c8 has measured. c8 passes a pattern that
// matches nothing, so the files are listed from what was built, and each must be in the report.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

/** What is not Linux in them cannot be covered there. */
const ELSEWHERE = ['posix.js', 'structs.js'];
const shared = readdirSync('dist/shared').filter((file) => file.endsWith('.js') && !ELSEWHERE.includes(file));
const files = [
  'dist/server/text.js',
  'dist/server/session.js',
  ...shared.map((file) => `dist/shared/${file}`),
];
const include = files.flatMap((file) => ['--include', file]);
const demand = ['--check-coverage', '--per-file', '--branches', '100', '--reporter', 'text'];
const report = spawnSync('c8', ['report', ...demand, ...include], { encoding: 'utf8' });
const missing = files.filter((file) => !report.stdout.includes(` ${basename(file, '.js')}.ts `));

if (report.status !== 0 || missing.length > 0) {
  process.stdout.write(report.stdout);
  process.stderr.write(report.stderr);
  if (missing.length > 0) process.stderr.write(`not in the coverage report: ${missing.join(', ')}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`all branches of ${files.length} files are covered\n`);
}
