// JUnit's XML, as CI servers read it. XML 1.0 has no way to write most control characters, so they are escaped as text.

import { escapeMarkup } from '../../../shared/markup.js';
import type { CheckResult, Grade } from '../check.js';
import { explain } from './explain.js';

export function junitReport({ server, results }: Grade): string {
  const failures = results.filter(({ status, counts }) => counts && status !== 'passed').length;
  const skipped = results.filter(({ counts }) => !counts).length;
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(3);
  const counts = `tests="${results.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="strcheck ${xml(server)}" ${counts}>`,
    ...results.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(result: CheckResult): string {
  const { check, status, seconds, counts, why = '' } = result;
  const open = `    <testcase classname="strcheck.${check.level}" name="${xml(`${check.id}: ${check.title}`)}" time="${seconds.toFixed(3)}"`;
  if (!counts) return `${open}><skipped message="${xml(why)}"/></testcase>`;
  if (status === 'passed') return `${open}/>`;
  const [message = '', ...more] = explain(result);
  return `${open}><failure message="${xml(message)}">${more.map(xml).join('\n')}</failure></testcase>`;
}

/** XML has no way to write half a surrogate pair either. */
function xml(text: string): string {
  return escapeMarkup(text).replace(/\p{Cs}|[\ufffe\uffff]/gu, '\ufffd');
}
