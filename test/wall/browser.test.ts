// The wall and phones in a real browser: what a class sees under blocking, on a projector and on a phone, by keyboard, in light
// and dark, and what axe-core finds.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HAS_PROC } from '../../shared/procfs.js';
import { launchBrowser, NO_BROWSER } from '../support/browser.js';
import { ended, Program, skipChildCoverage } from '../support/program.js';
import { testWith } from '../support/skipping.js';
import { TIMEOUT_MS } from '../support/waiting.js';

skipChildCoverage();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PROJECTOR = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };

let browser: Browser | undefined;
test.after(async () => {
  await browser?.close();
});

/** Everything that a page must not do. */
const complaints: string[] = [];

async function open(url: string, options: BrowserContextOptions): Promise<Page> {
  browser ??= await launchBrowser();
  const page = await (await browser.newContext(options)).newPage();
  page.on('pageerror', ({ message }) => complaints.push(`error: ${message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) complaints.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/** Resolves once an element's text is as expected. */
async function shows(page: Page, selector: string, pattern: RegExp): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  let text = '';
  while (!pattern.test(text)) {
    if (performance.now() > deadline) throw new Error(`${selector}: expected ${pattern}, got ${text}`);
    text = (await page.textContent(selector)) ?? '';
  }
}

async function withWall(args: readonly string[], use: (url: string) => Promise<void>): Promise<void> {
  const wall = new Program('client/wall/strwall.js', ['--http', '127.0.0.1:0', ...args]);
  try {
    const [, url = ''] = await wall.waitFor('stdout', /the wall +(\S+)/);
    await use(url);
    assert.equal(complaints, []);
  } finally {
    await closePages();
    wall.child.kill('SIGTERM');
    await ended(wall);
  }
}

/** Before their wall ends: then they would complain. */
async function closePages(): Promise<void> {
  for (const context of browser?.contexts() ?? []) await context.close();
}

async function join(url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await open(`${url}join`, { viewport: PHONE, ...options });
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
  await page.waitForSelector('#letter', { state: 'visible' });
  return page;
}

/** Rules that a page breaks, of some weight. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found: ReadonlyArray<{ id: string; impact: string; nodes: ReadonlyArray<{ html: string }> }> =
    await page.evaluate('axe.run().then(({ violations }) => violations)');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

const REASON = NO_BROWSER ?? (HAS_PROC ? undefined : 'there is no /proc');

testWith(test, REASON, 'blocking: a phone is frozen, says for whom, and thaws', async () => {
  await withWall(['--', 'strsvr', '0', '--io', 'blocking'], async (url) => {
    const wall = await open(url, { viewport: PROJECTOR, colorScheme: 'dark' });
    await shows(wall, '#verdict', /^No client is connected$/);
    const ada = await join(url, 'Ada');
    await shows(wall, '#rows', /Ada.*the server sleeps for it/);
    const grace = await join(url, '<b>Grace', { colorScheme: 'dark', isMobile: true, hasTouch: true });
    await grace.type('#letter', 'gh');
    await shows(grace, '#verdict', /^Not answered for/);
    await shows(grace, '#why', /^The server waits for Ada\. Your 2 letters lie in the kernel, unread\.$/);
    await shows(wall, '#verdict', /^<b>Grace waits for Ada, \d/);
    await shows(wall, '#rows', /<b>Grace.*is not even accepted/);
    await shows(wall, '#threads', /recvfrom\(2\)asleep until Ada sends/);
    for (const page of [wall, grace]) assert.equal(await violations(page), []);

    await ada.type('#letter', 'a');
    await shows(ada, '#verdict', /^Answered in/);
    await shows(wall, '#text', /^a/);
    await ada.type('#letter', 'b');
    await shows(grace, '#verdict', /^Answered in/);
    await shows(grace, '#text', /^agh|^abgh/);

    // The same phone again has its name without being asked.
    await grace.reload();
    await shows(grace, '#me', /^<b>Grace$/);
    assert.is(await wall.textContent('tbody tr:nth-child(1) .name'), 'Ada');
  });
});

testWith(
  test,
  REASON,
  'a class of bots: by keyboard, at 390 px, in light and dark, with reduced motion',
  async () => {
    await withWall(['--bots', '8', '--', 'strsvr', '0'], async (url) => {
      const wall = await open(url, { viewport: PROJECTOR, colorScheme: 'light', reducedMotion: 'reduce' });
      await shows(wall, '#length', /^\d\d+ letters$/);
      await shows(wall, '#why', /epoll/);
      assert.equal(await violations(wall), []);

      await wall.keyboard.press('Space');
      await shows(wall, '#pause', /^Live$/);
      const paused = await wall.textContent('#length');
      for (let step = 0; step < 30; step += 1) await wall.keyboard.press('ArrowLeft');
      await shows(wall, '#clock', /before the end$/);
      assert.is.not(await wall.textContent('#length'), paused);
      await wall.keyboard.press('ArrowRight');
      await wall.keyboard.press('Space');
      await shows(wall, '#clock', /^live$/);
      await wall.click('#theme');
      await shows(wall, '#theme', /^Light$/);
      assert.equal(await violations(wall), []);
      await wall.click('#join');
      await wall.waitForSelector('#large img', { state: 'visible' });
      await wall.keyboard.press('Escape');

      const fits = (page: Page) =>
        page.evaluate('document.documentElement.scrollWidth <= innerWidth') as Promise<boolean>;
      const narrow = await open(url, { viewport: PHONE });
      await shows(narrow, '#rows', /Grace/);
      assert.ok(await fits(narrow));
      assert.is(await narrow.isVisible('.lane'), false);
      assert.equal(await violations(narrow), []);
      for (const viewport of [PROJECTOR, { width: 1920, height: 1080 }]) {
        await wall.setViewportSize(viewport);
        assert.ok(await fits(wall));
        assert.ok(await wall.evaluate('document.documentElement.scrollHeight <= innerHeight'));
      }
    });
    assert.equal(complaints, []);
  },
);

testWith(
  test,
  REASON,
  'a teacher locks and removes from the page; the token leaves the address at once',
  async () => {
    const wall = new Program('client/wall/strwall.js', ['--http', '127.0.0.1:0', '--', 'strsvr', '0']);
    try {
      const [, url = '', token] = await wall.waitFor('stdout', /for you +(\S+\/)#(\w+)/);
      const teacher = await open(`${url}#${token}`, { viewport: PROJECTOR });
      await shows(teacher, '#lock', /^Lock joining$/);
      assert.is(teacher.url(), url);
      const ada = await join(url, 'Ada');
      await teacher.click('text=mute');
      await shows(teacher, '#rows', /Ada \(muted\)/);
      await shows(ada, '#verdict', /^You are muted$/);
      await teacher.click('text=remove');
      await shows(ada, '#why', /^the teacher has removed you$/);
      await teacher.click('#lock');
      await shows(teacher, '#lock', /^Unlock joining$/);
    } finally {
      wall.child.kill('SIGTERM');
      await ended(wall);
    }
    assert.equal(complaints, []);
  },
);

test.run();
