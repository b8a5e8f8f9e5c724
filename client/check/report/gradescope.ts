// Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/

import { type Grade, scoreOf } from '../check.js';
import { explain } from './explain.js';

export function gradescopeReport({ level, results }: Grade): string {
  const counted = results.filter(({ counts }) => counts);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const tests = counted.map((result) => ({
    name: `${result.check.id}: ${result.check.title}`,
    score: result.status === 'passed' ? result.check.points : 0,
    max_score: result.check.points,
    status: result.status === 'passed' ? 'passed' : 'failed',
    output: explain(result).join('\n'),
    visibility: 'visible',
  }));
  const report = {
    score: scoreOf(results).percent,
    execution_time: Math.round(seconds * 10) / 10,
    output: `level ${level}`,
    visibility: 'visible',
    tests,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
