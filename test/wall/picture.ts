// Writes the README's picture of the wall, from a real run in Chromium: blocking, and one of seven clients is at lunch.
//
//   node dist/test/wall/picture.js

import { launchBrowser } from '../support/browser.js';
import { built, ended, Program } from '../support/program.js';

const LUNCH = /^6 of 7 clients wait for Grace, [89] s$/;

const wall = new Program('client/wall/strwall.js', [
  ...['--http', '127.0.0.1:0', '--bots', '7', '--', 'strsvr', '0', '--io', 'blocking'],
]);
const browser = await launchBrowser();
try {
  const [, url = ''] = await wall.waitFor('stdout', /the wall +(\S+)/);
  const page = await browser.newPage({ viewport: { width: 1366, height: 720 }, colorScheme: 'dark' });
  await page.goto(url);
  while (!LUNCH.test((await page.textContent('#verdict')) ?? '')) await page.waitForTimeout(50);
  // The addresses of this run.
  await page.evaluate("document.querySelector('#url').textContent = '192.168.1.17:8080/join'");
  await page.evaluate("document.querySelector('#title').textContent = 'strsvr 2000 --io blocking'");
  await page.screenshot({ path: built('../test/wall/wall.png') });
} finally {
  await browser.close();
  wall.child.kill('SIGTERM');
  await ended(wall);
}
