// The wall and phones in a real browser: what a class sees under blocking, on a projector and on a phone, by keyboard, in light
// and dark, and what axe-core finds.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { connect } from 'strsvr/client';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startReplay } from '../../client/wall/replay.js';
import { Timeline } from '../../client/wall/timeline.js';
import { parseEvent, type WallEvent } from '../../client/wall/wall-event.js';
import { HAS_PROC } from '../../shared/procfs.js';
import { launchBrowser, NO_BROWSER } from '../support/browser.js';
import { skipChildCoverage } from '../support/program.js';
import { type Address, withServer } from '../support/servers.js';
import { SLOW, testWith } from '../support/skipping.js';
import { TIMEOUT_MS } from '../support/waiting.js';
import { STRSVR, startWall, withWall } from './running-wall.js';

skipChildCoverage();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PROJECTOR = { width: 1366, height: 768 };
const POLL_MS = 50;
const PHONE = { width: 390, height: 844 };

let browser: Browser | undefined;
test.after(async () => {
  await browser?.close();
  await bots?.close();
  rmSync(folder, { recursive: true });
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
    await sleep(POLL_MS);
  }
}

/** Before their wall ends: then they would complain. */
async function closePages(): Promise<void> {
  for (const context of browser?.contexts() ?? []) await context.close();
}

async function joinWall(url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await open(`${url}join`, { viewport: PHONE, ...options });
  await page.fill('#name', name);
  await page.press('#name', 'Enter');
  await page.waitForSelector('#letter', { state: 'visible' });
  return page;
}

const urlOf = ({ host, port }: Address) => `http://${host}:${port}/`;

/** Rules that a page breaks, of some weight. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found: ReadonlyArray<{ id: string; impact: string; nodes: ReadonlyArray<{ html: string }> }> =
    await page.evaluate('axe.run().then(({ violations }) => violations)');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

interface Motion {
  readonly changes: number;
  readonly seconds: number;
  readonly animations: number;
}

/** How often a lane's picture changes in 40 frames, and how many animations there are. */
const WATCH_LANE = `new Promise((resolve) => {
  const lane = document.querySelector('#rows canvas');
  const begun = performance.now();
  let [frames, changes, before] = [0, -1, ''];
  const look = () => {
    const now = lane.toDataURL();
    if (now !== before) changes += 1;
    before = now;
    frames += 1;
    if (frames < 40) return requestAnimationFrame(look);
    const seconds = (performance.now() - begun) / 1000;
    resolve({ changes, seconds, animations: document.getAnimations().length });
  };
  look();
})`;

const REASON = NO_BROWSER ?? (HAS_PROC ? undefined : 'there is no /proc');

testWith(test, REASON, 'blocking: a phone is frozen, says for whom, and thaws', async () => {
  await withWall([...STRSVR, '--io', 'blocking'], async ({ http }) => {
    const url = urlOf(http);
    const wall = await open(url, { viewport: PROJECTOR, colorScheme: 'dark' });
    await shows(wall, '#verdict', /^No client is connected$/);
    const ada = await joinWall(url, 'Ada');
    await shows(wall, '#rows', /Ada.*the server sleeps for it/);
    await shows(ada, '#why', /^The server waits for your next letter\.$/);
    const grace = await joinWall(url, '<b>Grace', { colorScheme: 'dark', isMobile: true, hasTouch: true });
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
    await closePages();
  });
  assert.equal(complaints, []);
});

// One wall with bots for the tests that follow; it records.
let bots: Awaited<ReturnType<typeof startWall>> | undefined;
const folder = mkdtempSync(join(tmpdir(), 'strsvr-browser-'));
const recording = join(folder, 'lesson.jsonl');

/** @returns where it is */
async function wallWithBots(): Promise<string> {
  bots ??= await startWall(STRSVR, { bots: 8, record: recording });
  return urlOf(bots.http);
}

testWith(test, SLOW ?? REASON, 'a class of bots: by keyboard, at 390 px, in light and dark', async () => {
  const url = await wallWithBots();
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
  for (const viewport of [PROJECTOR, { width: 1920, height: 1080 }]) {
    await wall.setViewportSize(viewport);
    assert.ok(await fits(wall));
    assert.ok(await wall.evaluate('document.documentElement.scrollHeight <= innerHeight'));
  }
  await wall.setViewportSize(PHONE);
  await shows(wall, '#rows', /Grace/);
  assert.ok(await fits(wall));
  assert.is(await wall.isVisible('.lane'), false);
  assert.equal(await violations(wall), []);
  await closePages();
  assert.equal(complaints, []);
});

testWith(test, SLOW ?? REASON, 'with reduced motion nothing is animated: a step a second', async () => {
  const wall = await open(await wallWithBots(), { viewport: PROJECTOR, reducedMotion: 'reduce' });
  await shows(wall, '#rows', /Grace/);
  const { changes, seconds, animations } = (await wall.evaluate(WATCH_LANE)) as Motion;
  assert.is(animations, 0);
  assert.ok(changes <= 1 + seconds, `${changes} changes in ${seconds} s`);
  await closePages();
});

testWith(
  test,
  REASON,
  'a teacher locks and removes from the page; the token leaves the address at once',
  async () => {
    const url = await wallWithBots();
    const teacher = await open(`${url}#${bots?.wall.teacherToken}`, { viewport: PROJECTOR });
    await shows(teacher, '#lock', /^Lock joining$/);
    assert.is(teacher.url(), url);
    const phone = await joinWall(url, 'Alan');
    const row = teacher.locator('tr', { hasText: 'Alan' });
    await row.getByText('mute').click();
    await shows(teacher, '#rows', /Alan \(muted\)/);
    await shows(phone, '#verdict', /^You are muted$/);
    await row.getByText('remove').click();
    await shows(phone, '#why', /^the teacher has removed you$/);
    await teacher.click('#lock');
    await shows(teacher, '#lock', /^Unlock joining$/);
    await closePages();
    assert.equal(complaints, []);
  },
);

testWith(test, SLOW ?? REASON, 'a recording: each step shows its text and its verdict', async () => {
  await wallWithBots();
  await bots?.close();
  bots = undefined;
  const timeline = new Timeline();
  const events: WallEvent[] = readFileSync(recording, 'utf8').trimEnd().split('\n').map(parseEvent);
  for (const event of events) timeline.apply(event);
  const times = events.map(({ at }) => at);
  const replay = await startReplay(recording, { host: '127.0.0.1', port: 0 }, [], () => {});
  try {
    const page = await open(urlOf(replay.address), { viewport: PROJECTOR, reducedMotion: 'reduce' });
    await shows(page, '#length', /^([2-9]|\d\d+) letters$/); // it is played
    await page.keyboard.press('Space');
    const lettersShown = async () => Number.parseInt((await page.textContent('#length')) ?? '', 10);
    const paused = await lettersShown();
    while ((await lettersShown()) === paused) await page.keyboard.press('ArrowLeft');
    const length = await lettersShown();
    assert.ok(length < paused);
    assert.is(await page.textContent('#text'), timeline.letters.slice(0, length).join(''));
    const verdicts = times.map((at) => timeline.at(at)).filter((moment) => moment.length === length);
    const shown = (await page.textContent('#verdict')) ?? '';
    assert.ok(
      verdicts.some(({ verdict }) => shown.startsWith(verdict.headline)),
      shown,
    );
    await closePages();
  } finally {
    replay.close();
  }
  assert.equal(complaints, []);
});

const MARKUP = [
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "'><iframe srcdoc='<script>alert(1)</script>'>",
  '</td></tr></table><b onclick=alert(1)>',
  '&lt;b&gt; &amp; <!--',
  '<style>*{display:none}</style>\u202e',
];
/** Elements that only markup of a recording can have made. */
const INTRUDERS = '[onerror], [onload], [onclick], svg, iframe, style, script:not([src]), img:not([id])';

testWith(test, SLOW ?? REASON, 'markup is shown as text, wherever it stands in a recording', async () => {
  const file = join(folder, 'markup.jsonl');
  const [xss = ''] = MARKUP;
  const clients = MARKUP.map((name, id) => ({ id: id + 1, name, kind: 'phone', hue: id, muted: false }));
  const keyframe = {
    ...{ at: 0, type: 'keyframe', title: xss, join: xss, startedAt: 1, locked: false, clients, states: [] },
    verdict: { tone: 'waiting', headline: xss, why: xss, since: 0, blockers: [1] },
    ...{ figures: { notAccepted: 0 }, threads: [{ call: xss, note: xss, client: 1 }] },
  };
  const letters = MARKUP.join('');
  const text = { at: 1, type: 'text', offset: 1_000, letters, authors: [[1, [...letters].length]] };
  writeFileSync(file, `${JSON.stringify(keyframe)}\n${JSON.stringify(text)}\n`);
  const replay = await startReplay(file, { host: '127.0.0.1', port: 0 }, [], () => {});
  try {
    const page = await open(urlOf(replay.address), { viewport: PROJECTOR, reducedMotion: 'reduce' });
    await shows(page, '#length', /letters$/);
    const shown = (selector: string) => page.locator(selector).allTextContents();
    assert.equal(await shown('#rows .name'), MARKUP);
    for (const id of ['title', 'why', 'url']) assert.equal(await shown(`#${id}`), [xss], id);
    assert.equal(await shown('#threads li'), [xss + xss]);
    assert.ok((await page.textContent('#verdict'))?.startsWith(xss));
    assert.is(
      (await page.textContent('#text'))?.replaceAll('\u00a0', ' '),
      letters.replace('\u202e', '\\u{202E}'),
    );
    assert.is(await page.locator(INTRUDERS).count(), 0);
    await closePages();
  } finally {
    replay.close();
  }
  assert.equal(complaints, []);
});

/** Its text is what the stream has brought; an EventSource connects again by itself. */
const FOLLOW = `{
  window.seen = { text: '', id: '', connections: 0 };
  const stream = new EventSource('/text/stream');
  stream.onopen = () => { seen.connections += 1; };
  stream.onmessage = ({ data, lastEventId }) => { seen.text += data; seen.id = lastEventId; };
}`;

testWith(
  test,
  NO_BROWSER,
  'an EventSource on /text/stream resumes after a restart of the server',
  async () => {
    const journal = join(folder, 'text');
    browser ??= await launchBrowser();
    const page = await (await browser.newContext()).newPage();
    let port = 0;
    const serve = (letters: string, follow: () => Promise<void>, text: string) =>
      withServer({ http: `127.0.0.1:${port}`, journal }, async ({ address, http }) => {
        port = http?.port ?? 0;
        await follow();
        const client = await connect(address);
        for (const letter of letters) await client.send(letter);
        client.close();
        await page.waitForFunction(`seen.text === ${JSON.stringify(text)}`, undefined, {
          timeout: TIMEOUT_MS,
        });
      });
    const start = async () => {
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.evaluate(FOLLOW);
    };
    await serve('añb', start, 'añb');
    await serve('€x', async () => {}, 'añb€x');
    assert.equal(await page.evaluate('seen'), { text: 'añb€x', id: '8', connections: 2 });
    await page.context().close();
  },
);

test.run();
