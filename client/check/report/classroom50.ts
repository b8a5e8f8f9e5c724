// Classroom 50's result.json (classroom50/result/v1). Its runner gives the names of the submission in the environment.

import type { Grade } from '../check.js';

export function classroom50Report({ results }: Grade): string {
  const tests = results
    .filter(({ counts }) => counts)
    .map(({ check, status }) => ({
      'test-name': `${check.id}: ${check.title}`,
      passed: status === 'passed',
      score: status === 'passed' ? check.points : 0,
      'max-score': check.points,
    }));
  const given = (name: string) => process.env[name] ?? '';
  const report = {
    schema: 'classroom50/result/v1',
    classroom: given('CLASSROOM'),
    assignment: given('ASSIGNMENT'),
    submission: given('SUBMISSION_TAG'),
    commit: given('COMMIT_URL'),
    release: given('RELEASE_URL'),
    review: given('REVIEW_URL') || given('COMMIT_URL'),
    datetime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    score: tests.reduce((sum, { score }) => sum + score, 0),
    'max-score': tests.reduce((sum, test) => sum + test['max-score'], 0),
    tests,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
