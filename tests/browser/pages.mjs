// Opens the owner's pages as people do: on a phone and at a desk, dark and light, with the keyboard alone.
//
// stdin: { owner: 'http://127.0.0.1:1', readers: the readers' door, where pictures may come from, pages: [paths], attempts: [what is typed into /try], screenshots: folder or null }
// stdout: { found: [{ page, look, what, detail }], looked, stops }

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { start, told } from './browser.mjs';

const { owner, readers, pages, attempts = [], screenshots } = await told();
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where a page is shown again without its policy. */
const COPY = 'http://copy.test';
let copy = '';
const world = await start({
  forward: [new URL(owner).host],
  serve: (url) => (url.origin === COPY ? { headers: { 'content-type': 'text/html; charset=utf-8' }, body: url.pathname === '/' ? copy : '' } : undefined),
});
const found = [];
let looked = 0;
let stops = 0;
for (const [width, height] of [[390, 844], [1280, 900]]) {
  const context = await world.browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  for (const path of pages) await lookAt(context, path, width);
  for (const attempt of attempts) await lookAt(context, '/try', width, attempt);
  await context.close();
}
await world.close();
process.stdout.write(JSON.stringify({ found, looked, stops }));

async function lookAt(context, path, width, attempt) {
  const page = await context.newPage();
  const name = attempt ? `${path} ${attempt}` : path;
  const fault = (what, detail = '') => found.push({ page: name, width, what, detail: String(detail).slice(0, 300) });
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && fault('the console says', message.text()));
  page.on('pageerror', (error) => fault('a script failed', error));
  world.requests.length = 0;
  const answer = await page.goto(owner + path);
  if (attempt) {
    await page.locator('[name=url]').fill(attempt);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  }
  if (answer.status() !== 200) fault('status', answer.status());
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (sideways > 0) fault('is wider than the screen', `${sideways} px`);
  await walk(page, fault);
  // Where the policy forbids scripts altogether, not even axe runs: it looks at the same page without the policy.
  if (answer.headers()['content-security-policy']?.includes('sandbox')) {
    copy = await answer.text();
    await page.goto(`${COPY}/`);
  }
  await page.evaluate(axe);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    // What the colours change is seen by one rule alone.
    const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {};
    const { violations } = await page.evaluate((rules) => axe.run(document, { iframes: false, resultTypes: ['violations'], ...rules }), rules);
    for (const { impact, id, help, nodes } of violations) {
      if (['serious', 'critical'].includes(impact)) fault(`axe, ${colorScheme}: ${id} (${impact})`, `${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
    }
    const file = `${path}${attempt ? '-done' : ''}`.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'all';
    if (screenshots) await page.screenshot({ path: `${screenshots}/${file}-${width}-${colorScheme}.png` });
    looked += 1;
  }
  for (const url of world.requests) if (![owner, readers, COPY].includes(new URL(url).origin)) fault('asks elsewhere', url);
  await page.close();
}

/** Goes through the page with the Tab key: everything that can be used is reached, and is seen to be. */
async function walk(page, fault) {
  const wanted = await page.evaluate(() => {
    const can = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex="-1"])';
    const all = [...document.querySelectorAll(can)].filter((element) => !element.disabled && element.checkVisibility({ visibilityProperty: true }));
    all.forEach((element, n) => { element.limpidStop = n; });
    return all.map((element) => element.outerHTML.slice(0, 120));
  });
  const reached = new Set();
  // A page may begin at its form; from there it goes to the end, and once more from the top.
  let last;
  let turns = 0;
  for (let step = 0; step < wanted.length + 60; step += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const isSeen = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none' || element.localName === 'iframe';
      return { number: element.limpidStop, isSeen, html: element.outerHTML.slice(0, 120) };
    });
    if (!stop) {
      if (reached.size >= wanted.length) break;
      continue;
    }
    if (!stop.isSeen) fault('focus is not seen', stop.html);
    if (stop.number === undefined) continue;
    if (stop.number < last) turns += 1;
    if (turns > 1) break;
    last = stop.number;
    reached.add(stop.number);
  }
  stops += reached.size;
  wanted.forEach((html, number) => reached.has(number) || fault('the keyboard does not reach', html));
}
