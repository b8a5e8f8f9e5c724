import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Analysis, estimate, quotient } from '../../client/lab/analysis.js';
import { findingsText } from '../../client/lab/report/terminal.js';
import type { Findings, Run } from '../../client/lab/results.js';
import { formatNumber } from '../../shared/numbers.js';
import { type Prng, prng } from '../../shared/prng.js';
import { median } from '../../shared/quantile.js';

const test = suite('statistics');

/** Around 100, give or take 10, with a long tail upwards, as times are. */
function noisy({ below }: Prng, repeats: number, times = 1): number[] {
  const even = () => (below(1_000_000) + 1) / 1_000_001;
  return Array.from({ length: repeats }, () => {
    const normal = Math.sqrt(-2 * Math.log(even())) * Math.cos(2 * Math.PI * even());
    return 100 * times * Math.exp(0.1 * normal);
  });
}

test('the median of an even number lies between the two in the middle, and none has none', () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

const ratio = (ones: readonly number[], others: readonly number[], random: Prng) =>
  estimate([ones, others], quotient, random);
const within = (value: number, { low = Number.NaN, high = Number.NaN }) => low <= value && value <= high;

test('fewer than five repeats claim no interval and no difference', () => {
  assert.equal(estimate([[1, 2, 3, 4]], quotient, prng(1)), { median: 2.5, repeats: 4 });
  assert.equal(ratio([1, 2, 3, 4], [10, 20, 30, 40, 50], prng(1)), { median: 2.5 / 30, repeats: 4 });
});

test('the same server measured twice shows no difference at least 95 times in 100', () => {
  for (const repeats of [5, 10]) {
    const drawn = prng(repeats);
    const same = Array.from({ length: 100 }, () =>
      ratio(noisy(drawn, repeats), noisy(drawn, repeats), drawn),
    );
    const differ = same.filter((found) => !within(1, found)).length;
    assert.ok(differ <= 5, `${repeats} repeats: a difference in ${differ} of 100`);
  }
});

test('a server that is twice as fast is found to be, nearly always', () => {
  const drawn = prng(2);
  const found = Array.from({ length: 100 }, () => ratio(noisy(drawn, 5, 2), noisy(drawn, 5), drawn));
  assert.ok(found.filter(({ low = 0 }) => low > 1).length >= 95);
  assert.ok(found.filter((one) => within(2, one)).length >= 95);
});

test('the interval of a median holds it', () => {
  const {
    median: middle,
    low = Number.NaN,
    high = Number.NaN,
  } = estimate([[5, 1, 9, 4, 6]], quotient, prng(1));
  assert.is(middle, 5);
  assert.ok(1 <= low && low <= 5 && 5 <= high && high <= 9);
});

const condition = { target: 'poll', parameter: 'one' };
function runs(...rates: number[]): Run[] {
  return rates.map((rate, repeat) => ({ ...condition, repeat, metrics: { 'letters/s': rate } }));
}

test('runs that do not count are left out of every estimate and named once each', () => {
  const analysis = new Analysis(
    [
      ...runs(1, 2, 3),
      { ...condition, repeat: 3, metrics: { 'letters/s': 1_000 }, void: 'too slow a load' },
      { ...condition, repeat: 4, metrics: { 'letters/s': 2_000 }, void: 'too slow a load' },
      { ...condition, repeat: 5, metrics: { 'letters/s': 3_000 }, wrong: 'a letter is lost' },
      { target: 'threads', parameter: 'one', repeat: 0, metrics: {}, absent: 'too many' },
    ],
    1,
  );
  const [poll, threads] = analysis.rows();
  assert.is(poll?.estimates['letters/s']?.median, 2);
  assert.equal(poll?.remarks, ['void: too slow a load (2 of 6)', 'wrong: a letter is lost (1 of 6)']);
  assert.equal(threads?.remarks, ['absent: too many']);
  assert.is(analysis.estimate({ target: 'threads', parameter: 'one' }, 'letters/s'), undefined);
});

test('a saturated load is named, unless the server was saturated too', () => {
  const at = (load: number, server?: number) => {
    const metrics = { 'load CPU %': load, ...(server !== undefined && { 'server CPU %': server }) };
    return new Analysis([{ ...condition, repeat: 0, metrics }], 1).rows();
  };
  assert.equal(at(96, 50)[0]?.remarks, ['the load was the bottleneck (96 % of a core)']);
  assert.equal(at(96, 97)[0]?.remarks, []);
  assert.equal(at(50, 97)[0]?.remarks, []);
  assert.equal(at(96)[0]?.remarks, [], 'no letter was answered, or there is no /proc');
});

test('a comparison is a ratio, or no difference, and nothing with too few repeats', () => {
  const other = { target: 'events', parameter: 'one' };
  const against = (...rates: number[]) => runs(...rates).map((run) => ({ ...run, ...other }));
  const said = (...all: Run[]) =>
    new Analysis(all, 1).compare('letters/s', condition, other, { what: 'rate' })[0];
  assert.match(
    said(...runs(20, 21, 22, 23, 24), ...against(10, 11, 12, 13, 14)) ?? '',
    /^poll: 1\.83 times \(1\.\d+ to 2\.?\d*\) the rate of events$/,
  );
  assert.is(
    said(...runs(10, 11, 12, 13, 14), ...against(10, 11, 12, 13, 14)),
    'poll: no difference in rate to events was shown',
  );
  assert.is(said(...runs(20, 20, 20, 20), ...against(10, 10, 10, 10, 10)), undefined);
  assert.is(said(...runs(20)), undefined);
  const idle = (rates: number[], parameter: string) => runs(...rates).map((run) => ({ ...run, parameter }));
  const growing = [...idle([20, 21, 22, 23, 24], 'idle'), ...idle([10, 11, 12, 13, 14], 'none')];
  const [here, there] = ['idle', 'none'].map((parameter) => ({ ...condition, parameter }));
  assert.match(
    new Analysis(growing, 1).compare('letters/s', here ?? condition, there ?? condition, {
      what: 'rate',
      other: 'it with none',
    })[0] ?? '',
    /^poll: 1\.83 times \(1\.\d+ to 2\.?\d*\) the rate of it with none$/,
  );
});

test('numbers have three digits, more only before the point, and none is a dash', () => {
  const columns = [0, 0.01234, -0.0381, 1.2, 999.7, 1_350.4, 12_345, 1_234_567, Number.NaN].map(formatNumber);
  assert.equal(columns, ['0', '0.0123', '-0.0381', '1.2', '1,000', '1,350', '12,345', '1,234,567', '–']);
});

test('a median of the few runs that are left where most do not count is none', () => {
  const left = (...counting: number[]) =>
    new Analysis(
      [0, 1, 2].map((repeat) => ({
        ...condition,
        repeat,
        metrics: { 'p99 ms': repeat },
        ...(!counting.includes(repeat) && { void: 'too slow a load' }),
      })),
      1,
    ).median(condition, 'p99 ms');
  assert.is(left(1, 2), 1.5);
  assert.ok(Number.isNaN(left(2)));
});

test('findings fit a terminal of 80 columns', () => {
  const long = 'a remark that goes on and on '.repeat(6).trim();
  const columns = ['letters/s', 'p99 ms service', 'CPU µs/letter', 'start-up ms/client'];
  const metrics = Object.fromEntries(columns.map((metric) => [metric, 123_456]));
  const analysis = new Analysis(
    Array.from({ length: 5 }, (_, repeat) => ({
      ...condition,
      repeat,
      metrics,
      ...(repeat > 2 && { void: long }),
    })),
    1,
  );
  const findings: Findings = {
    id: 'clients',
    question: long,
    variable: '',
    loop: long,
    runs: [],
    rows: analysis.rows(),
    columns,
    conclusions: [long],
    thresholds: [],
    charts: [],
    notes: [],
  };
  const lines = findingsText(findings, true).split('\n');
  assert.ok(
    lines.every((line) => line.length <= 80),
    lines.find((line) => line.length > 80),
  );
  assert.ok(lines.some((line) => /^poll\s+one\s+123,456/.test(line)));
});

test.run();
