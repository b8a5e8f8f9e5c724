// The laboratory's report and its data files, from fabricated results: their content, and in a real browser that the report
// is readable on a phone and a projector, in light and dark mode, without a network and without JavaScript.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resultsAsCsv, writeResults } from '../../client/lab/report/files.js';
import { report } from '../../client/lab/report/report.js';
import { scaleFor } from '../../client/lab/report/scale.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { fixtureResults, HOSTILE } from '../fixtures/results.js';
import { launchBrowser, NO_BROWSER } from '../support/browser.js';
import { parseCsv } from '../support/csv.js';
import { testWith } from '../support/skipping.js';

const folder = mkdtempSync(join(tmpdir(), 'strsvr-report-'));
const files = await writeResults(join(folder, 'new', 'folder'), fixtureResults());
const FULL = readFileSync(files.report, 'utf8');
const QUICK = report(fixtureResults(true));

let browser: Browser | undefined;

test.after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

// --- content ---

test('a server’s output is shown escaped', () => {
  assert.not.match(FULL, /<script/);
  assert.not.match(FULL, /<b>Not|<i>lock/);
  assert.match(FULL, '>without &lt;i&gt;lock&lt;/i&gt;<');
  assert.match(FULL, 'expected, found &amp; &quot;counted&quot;');
  assert.match(FULL, 'it said &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;quotes&#39;');
  for (const unsafe of ['\u0007', '\u202e']) assert.not.match(FULL, unsafe);
});

test('the page loads nothing from outside: no address is in it', () => {
  const addresses = FULL.match(/(?:https?:)?\/\/[\w.-]+/g) ?? [];
  assert.equal(addresses, []);
  assert.match(FULL, "default-src 'none'");
});

test('quick results say so at every experiment, chart and table, and claim no intervals', () => {
  const count = (text: string, what: RegExp) => text.match(what)?.length ?? 0;
  assert.is(count(FULL, /<span class="quick">/g), 0);
  const marked =
    count(QUICK, /<h1>/g) + count(QUICK, /<h2 /g) + count(QUICK, /<figure>/g) + count(QUICK, /<table>/g);
  assert.is(count(QUICK, /<span class="quick">/g), marked);
  assert.match(QUICK, 'quick: fewer parameters and letters; 3 repeats where 5 are needed');
  assert.match(FULL, '0.2 <small>(0.18 – 0.224)</small>');
  assert.not.match(QUICK, '<small>');
});

test('the contents answer each question with the first conclusion, and with too few repeats not at all', () => {
  const [found] = fixtureResults().experiments;
  const answered = (page: string) =>
    /<nav.*<\/nav>/s.exec(page)?.[0].includes(`<span>${found?.conclusions[0]}`);
  assert.is(answered(FULL), true);
  const few = { ...fixtureResults(), repeats: 4 };
  assert.match(report(few), '4 repeats where 5 are needed for intervals and conclusions, so there are none');
  assert.not.match(FULL, 'are needed for intervals');
});

test('excluded runs are listed with their reasons, each once', () => {
  assert.match(FULL, 'blocking at 1 silent; blocking at 10 silent: void: no letter was answered');
  assert.is(FULL.split('void: no letter was answered').length, 2);
});

test('a report without any experiment is a page too', () => {
  assert.match(report({ ...fixtureResults(), experiments: [] }), '</html>');
});

// --- axes ---

test('an axis ends at round numbers, and has a place for 0 and for never', () => {
  const log = { name: '', log: true };
  const ends = (...all: Parameters<typeof scaleFor>) => {
    const { ticks, at, label } = scaleFor(...all);
    const [min = Number.NaN, max = Number.NaN] = [ticks[0], ticks.at(-1)];
    assert.equal([at(min), at(max)], [0, 1]);
    return [min, max, label(min), label(max)];
  };
  assert.equal(ends(log, [0.3, 44]), [0.2, 50, '0.2', '50']);
  assert.equal(ends(log, [1, 1_000]), [1, 1_000, '1', '1K']);
  assert.equal(ends(log, [1, 44], true), [0.1, 100, '0.1', '100'], 'a bar of 1 can be seen');
  assert.equal(ends(log, [0, 100, 10_000]), [10, 10_000, '0', '10K']);
  assert.equal(ends(log, [0.3, 44, 'never'], true), [0.1, 1_000, '0.1', 'never']);
  assert.equal(ends(log, ['never'], true), [0.1, 10, '0.1', 'never']);
  assert.equal(ends(log, [0], true), [0.1, 1, '0', '1']);
  assert.equal(ends({ name: '' }, [3, 9_100]), [0, 10_000, '0', '10K']);
  assert.equal(ends({ name: '' }, ['never']), [0, 1.5, '0', 'never']);
  assert.is(scaleFor(log, [0, 10, 100]).at(0), 0, 'a log axis has a place for 0');
  assert.is(scaleFor(log, [1, 10, 100]).at(10), 0.5);
  assert.is(scaleFor({ name: '' }, [0, 100]).at(20), 0.2);
});

// --- the files ---

test('the CSV has a line for each metric of each run, and reads back as it was', () => {
  const rows = parseCsv(resultsAsCsv(fixtureResults(true)));
  assert.equal(rows[0], [
    'experiment',
    'target',
    'parameter',
    'repeat',
    'metric',
    'value',
    'remark',
    'quick',
  ]);
  const lunch = rows.filter(([experiment]) => experiment === 'lunch');
  assert.equal(lunch[0], ['lunch', 'events', '1 silent', '1', 'p99 ms', '0.25', '', 'quick']);
  assert.equal(lunch[1]?.slice(4, 6), ['max ms', '3']);
  assert.equal(lunch[2], [
    'lunch',
    'blocking',
    '1 silent',
    '1',
    '',
    '',
    'void: no letter was answered',
    'quick',
  ]);
  assert.is(lunch[3]?.[6], `wrong: ${escapeUnprintable(HOSTILE)}`);
  assert.is(lunch.at(-1)?.[1], "'=cmd()", 'a cell that starts like a formula is quoted');
  assert.is(new Set(rows.map((row) => row.length)).size, 1);
});

test('the files are written into a folder that was not there', () => {
  const results = fixtureResults();
  assert.equal(JSON.parse(readFileSync(files.json, 'utf8')), JSON.parse(JSON.stringify(results)));
  assert.is(readFileSync(files.csv, 'utf8'), resultsAsCsv(results));
  assert.match(FULL, '<!doctype html>');
});

// --- in a browser ---

/** Opens the report; fails if the page logs an error or loads anything else. */
async function withPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  browser ??= await launchBrowser();
  const address = pathToFileURL(files.report).href;
  const context = await browser.newContext(options);
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== address && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(address);
    await use(page);
    assert.equal(complaints, []);
  } finally {
    await context.close();
  }
}

const PHONE = { width: 390, height: 844 };
const PROJECTOR = { width: 1280, height: 800 };

for (const [where, viewport] of [
  ['a phone', PHONE],
  ['a projector', PROJECTOR],
] as const) {
  testWith(
    test,
    NO_BROWSER,
    `on ${where} each chart is there once, as wide as the page, without JavaScript too`,
    () =>
      withPage({ viewport, javaScriptEnabled: false }, async (page) => {
        const charts = fixtureResults().experiments.flatMap((findings) => findings.charts);
        const pictures = await page.getByRole('img').all();
        assert.is(pictures.length, charts.length);
        for (const [nth, { title }] of charts.entries()) {
          const picture = pictures[nth];
          assert.ok((await picture?.getAttribute('aria-label'))?.startsWith(title));
          const box = await picture?.boundingBox();
          assert.ok(box && box.width > 0.6 * Math.min(viewport.width, 800) && box.height > 100, title);
          assert.ok(box.x >= 0 && box.x + box.width <= viewport.width, title);
        }
        const experiments = await page
          .getByRole('region')
          .filter({ has: page.getByRole('heading', { level: 2 }) })
          .count();
        assert.is(experiments, fixtureResults().experiments.length);
      }),
  );

  testWith(
    test,
    NO_BROWSER,
    `on ${where} every word of a chart lies within the chart and is large enough to read, and the page does not scroll sideways`,
    () =>
      withPage({ viewport }, async (page) => {
        const cut = await page.evaluate(`[...document.querySelectorAll('figure svg[role=img]')]
        .filter((svg) => svg.getBoundingClientRect().width > 0)
        .flatMap((svg) => {
          const chart = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].flatMap((text) => {
            const box = text.getBoundingClientRect();
            const inside = box.left >= chart.left - 1 && box.right <= chart.right + 1 && box.top >= chart.top - 1 && box.bottom <= chart.bottom + 1;
            const large = Math.max(box.height, box.width) >= 10 && parseFloat(getComputedStyle(text).fontSize) * chart.width / svg.viewBox.baseVal.width >= 10;
            return inside && large ? [] : [text.textContent + ' ' + JSON.stringify(box)];
          });
        })`);
        assert.equal(cut, []);
        await page.locator('details').evaluateAll((all) => {
          for (const one of all) one.setAttribute('open', '');
        });
        assert.is(await page.evaluate('document.documentElement.scrollWidth'), viewport.width);
      }),
  );
}

testWith(
  test,
  NO_BROWSER,
  'in light and in dark, words stand out 4.5 to 1 and lines 3 to 1, in charts too',
  () =>
    withPage({ viewport: PROJECTOR }, async (page) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        assert.is(luminance(paper) > 0.5, colorScheme === 'light');
        const colors = (selector: string, property: string) =>
          page.evaluate<string[]>(
            `[...new Set([...document.querySelectorAll('${selector}')].map((one) => getComputedStyle(one).${property}))]`,
          );
        for (const color of await colors('svg.wide text', 'fill'))
          assert.ok(contrast(color, paper) >= 4.5, color);
        for (const color of await colors('p, td, th, dt, dd, li, a, summary, h1, h2, h3', 'color'))
          assert.ok(contrast(color, paper) >= 4.5, color);
        for (const color of await colors('.legend path[opacity="1"]', 'stroke'))
          assert.ok(contrast(color, paper) >= 3, color);
      }
    }),
);

/** Relative luminance and contrast, as WCAG 2.2 defines them. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

test.run();
