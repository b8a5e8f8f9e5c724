// strcheck --class: what is found, how it is built, and the CSV; and the skeletons of the assignment.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHECKS } from '../../client/check/all-checks.js';
import { gradesCsv } from '../../client/check/class/csv.js';
import { findSubmissions } from '../../client/check/class/submissions.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { parseCsv } from '../support/csv.js';
import { run } from '../support/program.js';
import { missingProgram, SLOW, testWith } from '../support/skipping.js';
import { SKELETONS, skeletonFaults } from './skeletons.js';
import { GOOD_C, GOOD_PYTHON } from './zoo.js';

const NO_PROC = HAS_PROC ? undefined : 'there is no /proc';

const folder = mkdtempSync(join(tmpdir(), 'strsvr-class-'));
test.after(() => rmSync(folder, { recursive: true }));

testWith(
  test,
  SLOW ?? NO_PROC ?? missingProgram('cc', 'python3'),
  'a class: one row a student, and its folder is as it was',
  async () => {
    const submissions = join(folder, 'submissions');
    for (const name of ['ann', 'ben', 'cy/.git', 'dot', '.hidden'])
      mkdirSync(join(submissions, name), { recursive: true });
    cpSync(GOOD_PYTHON, join(submissions, 'ann/server.py'));
    writeFileSync(join(submissions, 'ann/notes.py'), '');
    cpSync(GOOD_C, join(submissions, 'ben/epoll.c'));
    writeFileSync(join(submissions, 'ben/Makefile'), 'server: epoll.c\n\tcc -o server epoll.c\n');
    writeFileSync(join(submissions, 'dot/server.c'), 'int main( {');
    writeFileSync(join(submissions, '=eve, "E".py'), 'raise RuntimeError("not today")');
    writeFileSync(join(submissions, 'notes.txt'), '');
    const csv = join(folder, 'grades.csv');
    const { status, stdout, stderr } = await run('client/check/strcheck.js', [
      ...['--class', submissions, '--csv', csv, '--only', 'start,letter', '--level', 'line'],
    ]);
    assert.is(status, 0);
    assert.is(stderr, 'strcheck: no submissions, since no language is known for them: notes.txt\n');
    assert.match(
      stdout,
      /^ann +100 {2}level line\nben +100 {2}level line\ncy +0 {2}expected a program named run, /m,
    );
    assert.match(stdout, /^dot +0 {2}cc failed: server\.c:1:\d+: error: /m);
    const [head = [], ...rows] = parseCsv(readFileSync(csv, 'utf8'));
    assert.equal([head.length, ...rows.map(({ length }) => length)], Array(6).fill(CHECKS.length + 7));
    const cells = (row: readonly string[]) =>
      ['student', 'percent', 'points', 'of', 'level', 'start', 'letter', 'quiet', 'fix first'].map(
        (name) => row[head.indexOf(name)],
      );
    assert.equal(rows.map(cells), [
      ['\'=eve, "E"', '0', '0', '10', 'line', '0', '0', '', 'start'],
      ['ann', '100', '10', '10', 'line', '4', '6', '', ''],
      ['ben', '100', '10', '10', 'line', '4', '6', '', ''],
      ['cy', '0', '0', '', '', '', '', '', ''],
      ['dot', '0', '0', '', '', '', '', '', ''],
    ]);
    assert.match(
      rows[0]?.at(-1) ?? '',
      /^expected a server that listens on .*, got its end: exit status 1; it printed last: RuntimeError: not today$/,
    );
    assert.equal(
      findSubmissions(submissions).submissions.map(({ student }) => student),
      ['=eve, "E"', 'ann', 'ben', 'cy', 'dot'],
    );
  },
);

test('who cannot be judged has no points; no name is a formula, or more than one cell', () => {
  const busy = { problem: 'the machine is too busy', judged: false };
  assert.match(gradesCsv([{ student: 's"t', ...busy }], []), /^"s""t",/m);
  const names = ['+fay', '=1+1', '-x', '@y', 'o, "p"\nq', 'r\r\n'];
  const csv = gradesCsv(
    names.map((student) => ({ student, ...busy })),
    [],
  );
  assert.equal(
    parseCsv(csv).slice(1),
    ["'+fay", "'=1+1", "'-x", "'@y", 'o, "p"\\u{A}q', 'r\\u{D}\\u{A}'].map((student) => [
      student,
      ...['', '', '', '', '', busy.problem],
    ]),
  );
});

test('a class without a submission', async () => {
  const empty = mkdtempSync(join(folder, 'empty-'));
  const { status, stderr } = await run('client/check/strcheck.js', ['--class', empty]);
  assert.equal([status, stderr], [3, 'strcheck: the folder has no submission\n']);
});

// `make soak`, section zoo-hostile, also has those in Go, Java and TypeScript, whose compilers are slow.
for (const { file, programs } of SKELETONS.slice(0, 2))
  testWith(
    test,
    SLOW ?? NO_PROC ?? missingProgram(...programs),
    `the skeleton ${file} compiles, and says that it is not written yet`,
    async () => assert.equal(await skeletonFaults(file, join(folder, file)), []),
  );

test.run();
