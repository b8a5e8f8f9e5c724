// Why a check failed and how to fix it, as lines of plain text for the reports that show text.

import { escapeUnprintable } from '../../../shared/escape.js';
import type { CheckResult } from '../check.js';

/** Empty for a check that passed. No line has a control character. */
export function explain({ check, status, why, kernel }: CheckResult): string[] {
  if (status === 'passed') return [];
  const lines = [
    why ?? '',
    ...(kernel ? [`the kernel: ${kernel}`] : []),
    ...(status === 'failed' ? [`fix: ${check.hint}`] : []),
  ];
  return lines.map(escapeUnprintable);
}
