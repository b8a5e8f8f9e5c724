// Holds the files that everything rests on to full branch coverage, and to most of their lines and functions, in the
// report that c8 has just written. c8 itself would have to put together once more what all processes have left, only to
// look at these files.

import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** What istanbul's reporter `json` says of a file. */
interface FileCoverage {
  /** How often each line, and each function, was run. */
  readonly s: Readonly<Record<string, number>>;
  readonly f: Readonly<Record<string, number>>;
  /** How often each way of each branch was taken. */
  readonly b: Readonly<Record<string, readonly number[]>>;
  readonly branchMap: Readonly<
    Record<string, { readonly loc: { readonly start: { readonly line: number } } }>
  >;
}

const FEW = 0.1;
/** These depend on the system (other systems, no /proc, a terminal that sleeps): no machine covers all their branches. */
const ELSEWHERE = /^(libc\/|procfs|proc-sockets|process-tree|kernel-view|line-writer|listen)/;
/** Nothing of these runs. */
const TYPES_ALONE = /-types\.ts$/;

const shared = readdirSync('shared', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !ELSEWHERE.test(file) && !TYPES_ALONE.test(file),
);
const files = ['server/core/text.ts', 'server/core/session.ts', ...shared.map((file) => `shared/${file}`)];
const report: Record<string, FileCoverage> = JSON.parse(readFileSync('coverage/coverage-final.json', 'utf8'));
const covered = new Map(Object.entries(report).map(([path, file]) => [relative('.', path), file]));

const missing = files.flatMap((file) => {
  const found = covered.get(file);
  if (found === undefined) return [`${file} is not in the coverage report`];
  const branches = Object.entries(found.b)
    .filter(([, ways]) => ways.includes(0))
    .map(([branch]) => `${file}:${found.branchMap[branch]?.loc.start.line}: a branch is not covered`);
  const lacking = [found.s, found.f].some((counts) => missed(counts) > FEW);
  return [...branches, ...(lacking ? [`${file}: too few lines or functions are covered`] : [])];
});
for (const line of missing) process.stderr.write(`${line}\n`);
if (missing.length > 0) process.exitCode = 1;
else process.stdout.write(`all branches of ${files.length} files are covered\n`);

/** Which share of these was never run. */
function missed(counts: Readonly<Record<string, number>>): number {
  const values = Object.values(counts);
  return values.filter((times) => times === 0).length / Math.max(1, values.length);
}
