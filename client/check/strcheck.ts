#!/usr/bin/env node
// The command: which server, which checks, which report; progress while it runs.
// Exit status: 0 all passed (with --report or --class: graded), 1 a check failed, 2 wrong usage, 3 the server could not be
// judged.

import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { logLine, print, printLine, runCommand } from '../../shared/cli.js';
import { takeCommand } from '../../shared/command-line.js';
import { describe, OperationalError } from '../../shared/errors.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { Progress } from '../progress.js';
import { CHECKS } from './all-checks.js';
import { type Grade, scoreOf } from './check.js';
import type { Target } from './checked-server.js';
import { gradesCsv } from './class/csv.js';
import { gradeClass, type StudentGrade } from './class/grade-class.js';
import { findSubmissions } from './class/submissions.js';
import { REPORTS } from './report/all.js';
import { terminalReport } from './report/terminal.js';
import { type GradeOptions, gradeServer, TOO_BUSY } from './run-checks.js';
import { readClass, readOptions, readTarget, type StrcheckOptions } from './strcheck-options.js';

const NOT_JUDGED = 3;

/** Without a handler a signal would end this process without its 'exit', and so leave servers behind. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
  process.once(signal, () => process.exit(128 + constants.signals[signal]));

await runCommand('strcheck', async () => {
  const command = takeCommand();
  const options = readOptions();
  if (options.list) return print(list());
  try {
    if (options.class === undefined) await checkServer(readTarget(command, options), options);
    else await checkClass(readClass(command, options.class, options), options);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    logLine(`strcheck: ${error.message}`);
    process.exitCode = NOT_JUDGED;
  }
});

async function checkServer(target: Target, options: StrcheckOptions): Promise<void> {
  const progress = new Progress('{value} of {total} checks: {what}');
  const grade = await gradeServer(target, {
    ...gradeOptions(options),
    onResult: (done, total, { id }) => progress.show(done, total, id),
  }).finally(() => progress.stop());
  const counted = grade.results.filter(({ counts }) => counts);
  if (options.report === undefined) {
    await print(terminalReport(grade, again(target, options)));
    if (counted.some(({ status }) => status !== 'passed')) process.exitCode = 1;
  } else {
    await print(REPORTS[options.report](grade));
  }
  if (counted.length === 0 || isBusy(grade)) process.exitCode = NOT_JUDGED;
}

async function checkClass(
  { folder, command }: ReturnType<typeof readClass>,
  { csv, ...options }: StrcheckOptions,
): Promise<void> {
  const { submissions, others } = findSubmissions(folder);
  if (others.length > 0)
    logLine(`strcheck: no submissions, since no language is known for them: ${others.join(', ')}`);
  if (submissions.length === 0) throw new OperationalError('NOT_JUDGED', 'the folder has no submission');
  const progress = new Progress('{value} of {total} graded; {what}');
  const onProgress = (done: number, what: string) =>
    progress.show(done, submissions.length, escapeUnprintable(what));
  const grades: StudentGrade[] = [];
  const graded = gradeClass({
    ...{ submissions, onProgress, ...gradeOptions(options) },
    ...(command !== undefined && { command }),
  });
  for await (const grade of graded) {
    progress.stop();
    grades.push(grade);
    await printLine(classLine(grade));
    if ('problem' in grade ? !grade.judged : isBusy(grade.grade)) process.exitCode = NOT_JUDGED;
    if (csv !== undefined) writeCsv(csv, grades);
  }
}

/** After each student, so that an interruption loses nothing. */
function writeCsv(file: string, grades: readonly StudentGrade[]): void {
  try {
    writeFileSync(file, gradesCsv(grades, CHECKS));
  } catch (error) {
    throw new OperationalError('CSV', `cannot write the grades: ${describe(error)}`, error);
  }
}

function classLine(one: StudentGrade): string {
  const student = one.student.padEnd(24);
  if ('problem' in one) return `${student} ${one.judged ? '  0' : '  -'}  ${one.problem}`;
  const { percent } = scoreOf(one.grade.results);
  const first = one.grade.results.find(({ status }) => status === 'failed');
  const fix = first === undefined ? '' : `, fix first: ${first.check.id}`;
  return `${student} ${String(percent).padStart(3)}  level ${one.grade.level}${fix}`;
}

function gradeOptions({ level, only, seed }: Pick<StrcheckOptions, 'level' | 'only' | 'seed'>): GradeOptions {
  return {
    ...(level !== undefined && { level }),
    ...(only !== undefined && { only }),
    seed: seed ?? Math.floor(Math.random() * 2 ** 31),
  };
}

function isBusy({ results }: Grade): boolean {
  return results.some(({ why }) => why === TOO_BUSY);
}

/** The command that repeats a check, ID. */
function again(target: Target, { level }: StrcheckOptions): string {
  const words = ['strcheck', '--only', 'ID', ...(level === undefined ? [] : ['--level', level])];
  if ('address' in target) return [...words, target.address.host, target.address.port].join(' ');
  return [...words, '--', ...target.command.map(shellWord)].join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function list(): string {
  const rows = CHECKS.map(
    ({ id, level, points, title }) =>
      `${id.padEnd(13)}${level.padEnd(10)}${String(points).padStart(2)}  ${title}`,
  );
  return `${rows.join('\n')}\n`;
}
