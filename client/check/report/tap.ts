// Test Anything Protocol, version 14: the hint and the reason are YAML blocks below a failed test.

import type { CheckResult, Grade } from '../check.js';
import { explain } from './explain.js';

export function tapReport({ results }: Grade): string {
  const points = results.flatMap(testPoint);
  return ['TAP version 14', `1..${results.length}`, ...points, ''].join('\n');
}

function testPoint(result: CheckResult, index: number): string[] {
  const { check, status, why = '', counts } = result;
  const description = `${index + 1} - ${check.id}: ${check.title}`;
  if (!counts) return [`ok ${description} # SKIP ${why}`];
  if (status === 'passed') return [`ok ${description}`];
  const lines = explain(result).map((line) => `    - ${JSON.stringify(line)}`);
  return [`not ok ${description}`, '  ---', '  message:', ...lines, `  points: ${check.points}`, '  ...'];
}
