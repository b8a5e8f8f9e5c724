// The reports of strcheck, each against the rules of its format.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, type Grade, scoreOf } from '../../client/check/check.js';
import { REPORTS } from '../../client/check/report/all.js';
import { terminalReport } from '../../client/check/report/terminal.js';

function check(id: string, points: number): Check {
  return {
    id,
    level: 'tutorial',
    points,
    title: `title of <${id}>`,
    needs: [],
    clients: 1,
    hint: 'a & b',
    run: async () => {},
  };
}

const GRADE: Grade = {
  server: './server {port}',
  level: 'line',
  pair: false,
  results: [
    { check: check('one', 6), status: 'passed', seconds: 0.5, counts: true },
    {
      check: check('two', 3),
      status: 'failed',
      why: 'expected "a", got "\u001b\u0007"',
      kernel: 'thread 1 runs',
      output: 'line\n',
      seconds: 1,
      counts: true,
    },
    { check: check('three', 1), status: 'not judged', why: 'it needs two', seconds: 0, counts: true },
    {
      check: check('four', 90),
      status: 'not judged',
      why: 'it belongs to level full',
      seconds: 0,
      counts: false,
    },
  ],
};

test('a check whose need failed earns nothing; one that cannot be judged does not count', () => {
  assert.equal(scoreOf(GRADE.results), { points: 6, maxPoints: 10, percent: 60 });
  assert.equal(scoreOf([]), { points: 0, maxPoints: 0, percent: 0 });
});

test('the terminal page escapes what servers print and send', () => {
  const page = terminalReport(GRADE, 'strcheck --only ID -- ./server {port}');
  assert.not.ok(page.includes('\u001b'));
  assert.match(page, /^ok {3}one +6\/6/m);
  assert.match(page, /^- {4}three +0\/1 {2}title of <three> \(it needs two\)$/m);
  assert.match(page, /it printed: line\n {7}fix: a & b\n {7}again: strcheck --only two -- /);
  assert.match(page, /\n6 of 10 points \(60 of 100\)\nfix first: two\n$/);
});

test('TAP: version, plan, a line for each check, YAML below what failed', () => {
  assert.equal(readTap(REPORTS.tap(GRADE)), [
    { ok: true, number: 1, description: 'one: title of <one>' },
    {
      ...{ ok: false, number: 2, description: 'two: title of <two>' },
      yaml: ['expected "a", got "\\u{1B}\\u{7}"', 'the kernel: thread 1 runs', 'fix: a & b'],
    },
    { ok: false, number: 3, description: 'three: title of <three>', yaml: ['it needs two'] },
    { ok: true, number: 4, description: 'four: title of <four>', skip: 'it belongs to level full' },
  ]);
});

test('JUnit: well-formed, the attributes its schema requires, counts that add up, no character that XML forbids', () => {
  const xml = REPORTS.junit(GRADE);
  assert.not.match(xml, /[^\n\u0020-\ud7ff]/u);
  const root = readXml(xml);
  const counts = { tests: '4', failures: '2', errors: '0', skipped: '1', time: '1.500' };
  assert.equal([root.name, root.attributes], ['testsuites', counts]);
  const [suite, ...others] = root.children;
  assert.equal([suite?.name, others], ['testsuite', []]);
  assert.equal(suite?.attributes, { name: 'strcheck ./server {port}', ...counts });
  const cases = suite?.children ?? [];
  for (const { name, attributes } of cases)
    assert.equal([name, ...Object.keys(attributes)], ['testcase', 'classname', 'name', 'time']);
  assert.equal(
    cases.map(({ children }) => children.map(({ name, attributes }) => `${name} ${attributes['message']}`)),
    [
      [],
      ['failure expected "a", got "\\u{1B}\\u{7}"'],
      ['failure it needs two'],
      ['skipped it belongs to level full'],
    ],
  );
  const seconds = cases.reduce((sum, { attributes }) => sum + Number(attributes['time']), 0);
  assert.is(seconds.toFixed(3), counts.time);
});

// Each field of the formats that is written, and its type. Gradescope: the page that gradescope.ts names.
const TEXT = 'string';
const NUMBER = 'number';
const FLAG = 'boolean';
const GRADESCOPE = {
  ...{ score: NUMBER, execution_time: NUMBER, output: TEXT, visibility: 'visible|hidden' },
  tests: [
    {
      name: TEXT,
      score: NUMBER,
      max_score: NUMBER,
      status: 'passed|failed',
      output: TEXT,
      visibility: 'visible|hidden',
    },
  ],
};
const CLASSROOM50 = {
  ...{ schema: TEXT, classroom: TEXT, assignment: TEXT, submission: TEXT, commit: TEXT, release: TEXT },
  ...{ review: TEXT, datetime: TEXT, score: NUMBER, 'max-score': NUMBER },
  tests: [{ 'test-name': TEXT, passed: FLAG, score: NUMBER, 'max-score': NUMBER }],
};
const LEVEL = 'tutorial|line|full';
const JSON_REPORT = {
  ...{ server: TEXT, level: LEVEL, pair: FLAG, points: NUMBER, maxPoints: NUMBER, percent: NUMBER },
  checks: [
    {
      ...{ id: TEXT, level: LEVEL, title: TEXT, points: NUMBER, needs: [TEXT], earned: NUMBER, counts: FLAG },
      ...{ status: 'passed|failed|not judged', seconds: NUMBER },
      ...{ 'why?': TEXT, 'kernel?': TEXT, 'output?': TEXT, 'hint?': TEXT },
    },
  ],
};

test('Gradescope: score, tests and visibility as its specification has them', () => {
  const report = JSON.parse(REPORTS.gradescope(GRADE));
  assert.equal(faultsOf(report, GRADESCOPE), []);
  assert.equal([report.score, report.execution_time, report.visibility], [60, 1.5, 'visible']);
  assert.equal(
    report.tests.map(({ score, max_score, status }: Record<string, unknown>) => [score, max_score, status]),
    [
      [6, 6, 'passed'],
      [0, 3, 'failed'],
      [0, 1, 'failed'],
    ],
  );
});

test('Classroom 50: the fields of classroom50/result/v1, scores that add up', () => {
  const report = JSON.parse(REPORTS.classroom50(GRADE));
  assert.equal(faultsOf(report, CLASSROOM50), []);
  assert.is(report.schema, 'classroom50/result/v1');
  assert.match(report.datetime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal([report.score, report['max-score']], [6, 10]);
});

test('JSON: everything, each check with its status', () => {
  const report = JSON.parse(REPORTS.json(GRADE));
  assert.equal(faultsOf(report, JSON_REPORT), []);
  assert.equal([report.level, report.points, report.maxPoints], ['line', 6, 10]);
  assert.equal(
    report.checks.map(({ status }: { status: string }) => status),
    ['passed', 'failed', 'not judged', 'not judged'],
  );
});

interface TapPoint {
  readonly ok: boolean;
  readonly number: number;
  readonly description: string;
  readonly skip?: string;
  readonly yaml?: readonly string[];
}

/**
 * TAP 14 as strcheck writes it: the YAML has a list of messages, each quoted, and the points.
 * @throws Error at the first line that is none
 */
function readTap(text: string): TapPoint[] {
  const [version, plan = '', ...lines] = text.trimEnd().split('\n');
  assert.is(version, 'TAP version 14');
  const points: TapPoint[] = [];
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [, not, number, description = '', skip] =
      /^(not )?ok (\d+) - (.*?)(?: # SKIP (.*))?$/.exec(line) ??
      assert.unreachable(`no test point: ${line}`) ??
      [];
    const yaml = lines[0] === '  ---' ? lines.splice(0, lines.indexOf('  ...') + 1).slice(1, -1) : undefined;
    points.push({
      ...{ ok: not === undefined, number: Number(number), description },
      ...(skip !== undefined && { skip }),
      ...(yaml && { yaml: readMessages(yaml) }),
    });
  }
  assert.is(plan, `1..${points.length}`);
  return points;
}

function readMessages(yaml: readonly string[]): string[] {
  assert.is(yaml[0], '  message:');
  assert.match(yaml.at(-1) ?? '', /^ {2}points: \d+$/);
  return yaml.slice(1, -1).map((line) => {
    assert.is(line.slice(0, 6), '    - ');
    return JSON.parse(line.slice(6)); // a string in JSON is one in YAML
  });
}

interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
}

/** XML without comments, CDATA and namespaces. @throws Error if it is not well-formed */
function readXml(xml: string): XmlElement {
  const top: XmlElement = { name: '', attributes: {}, children: [] };
  const open = [top];
  const tag = /<(\/?)([a-z]+)((?:\s[a-z]+="[^"<]*")*)(\/?)>/g;
  const rest = xml
    .replace('<?xml version="1.0" encoding="UTF-8"?>', '')
    .replace(tag, (_, close, name, list, empty) => {
      if (close !== '') {
        assert.is(open.pop()?.name, name);
        return '';
      }
      const pairs = [...list.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, decoded(value)]);
      const element: XmlElement = { name, attributes: Object.fromEntries(pairs), children: [] };
      assert.is(pairs.length, Object.keys(element.attributes).length, `an attribute of ${name} twice`);
      open.at(-1)?.children.push(element);
      if (empty === '') open.push(element);
      return '';
    });
  assert.equal(open, [top]);
  assert.not.match(rest.replace(/&(amp|lt|gt|quot|#\d+);/g, ''), /[<>&]/);
  const [root, ...others] = top.children;
  assert.ok(root !== undefined && others.length === 0);
  return root;
}

function decoded(text: string): string {
  const known: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(?:#(\d+)|(\w*));?/g, (all, code, name) =>
    code
      ? String.fromCodePoint(Number(code))
      : (known[name] ?? assert.unreachable(`no entity: ${all}`) ?? ''),
  );
}

/** A type or words, a list of one kind, or fields; a field with ? may be missing, and no other may be there. */
type Schema = string | readonly Schema[] | { readonly [field: string]: Schema };

function faultsOf(value: unknown, schema: Schema, path = 'report'): string[] {
  if (typeof schema === 'string') {
    const fits = typeof value === schema || (typeof value === 'string' && schema.split('|').includes(value));
    return fits ? [] : [`${path}: expected ${schema}, got ${JSON.stringify(value)}`];
  }
  if (isList(schema)) {
    if (!Array.isArray(value)) return [`${path}: expected a list`];
    return value.flatMap((one, i) => faultsOf(one, schema[0] ?? '', `${path}[${i}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [`${path}: expected an object`];
  const fields = new Map(Object.entries(value));
  const faults = Object.entries(schema).flatMap(([key, kind]) => {
    const name = key.replace(/\?$/, '');
    if (!fields.has(name)) return key === name ? [`${path}.${name} is missing`] : [];
    return faultsOf(fields.get(name), kind, `${path}.${name}`);
  });
  const unknown = [...fields.keys()].filter((name) => !(name in schema || `${name}?` in schema));
  return [...faults, ...unknown.map((name) => `${path}.${name} is not in the schema`)];
}

function isList(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}

test.run();
