// Everything about a grade, for programs.

import { type Grade, scoreOf } from '../check.js';

export function jsonReport({ server, level, pair, results }: Grade): string {
  const checks = results.map(
    ({ check: { id, level, points, title, hint, needs }, status, why, kernel, output, seconds, counts }) => ({
      id,
      level,
      title,
      points,
      needs,
      status,
      earned: status === 'passed' ? points : 0,
      counts,
      seconds,
      ...(why !== undefined && { why }),
      ...(kernel !== undefined && { kernel }),
      ...(output !== undefined && { output }),
      ...(status === 'failed' && { hint }),
    }),
  );
  const text = JSON.stringify({ server, level, pair, ...scoreOf(results), checks }, null, 2);
  // JSON leaves DEL and the C1 control characters as they are, and a terminal obeys them.
  return `${text.replace(/[\u007f-\u009f]/g, (code) => `\\u00${code.charCodeAt(0).toString(16)}`)}\n`;
}
