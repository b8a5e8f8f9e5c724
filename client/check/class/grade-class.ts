// Grades the servers of a class one after the other. A submission that cannot be built has no points; one that cannot be judged
// has none either, and its row says why.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperationalError } from '../../../shared/errors.js';
import type { Grade } from '../check.js';
import { type GradeOptions, gradeServer } from '../run-checks.js';
import { prepare, type Submission } from './submissions.js';

export type StudentGrade =
  | { readonly student: string; readonly grade: Grade }
  /** `judged`: whether it is the server's fault that there is no grade. */
  | { readonly student: string; readonly problem: string; readonly judged: boolean };

export interface ClassOptions extends Omit<GradeOptions, 'onResult'> {
  readonly submissions: readonly Submission[];
  /** Starts each server, in its folder; default: as its files say. */
  readonly command?: readonly string[];
  /** @param done the number of submissions that are graded */
  readonly onProgress?: (done: number, what: string) => void;
}

/** @yields a grade as soon as it is there */
export async function* gradeClass(options: ClassOptions): AsyncGenerator<StudentGrade> {
  const work = mkdtempSync(join(tmpdir(), 'strcheck-'));
  const remove = () => rmSync(work, { recursive: true, force: true });
  process.once('exit', remove); // after a signal
  try {
    for (const [done, submission] of options.submissions.entries()) {
      const show = (what: string) => options.onProgress?.(done, `${submission.student}, ${what}`);
      yield await gradeOne(submission, join(work, String(done)), options, show);
    }
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

async function gradeOne(
  submission: Submission,
  folder: string,
  { command, level, only, seed }: ClassOptions,
  show: (what: string) => void,
): Promise<StudentGrade> {
  const { student } = submission;
  show('build');
  const prepared = await prepare(submission, folder, command);
  if ('problem' in prepared) return { student, problem: prepared.problem, judged: true };
  try {
    const grade = await gradeServer(prepared, {
      ...{ seed, ...(level && { level }), ...(only && { only }) },
      onResult: (done, total) => show(`${done} of ${total} checks`),
    });
    return { student, grade };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { student, problem: error.message, judged: false };
  }
}
