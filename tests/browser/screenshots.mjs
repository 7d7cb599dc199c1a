// Takes the pictures in docs/: starts the program in a folder of its own, with feeds made up for this, and looks at its pages.
//
//     node tests/browser/screenshots.mjs [PROGRAM] [FOLDER]      (just screenshots)

import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { start } from './browser.mjs';

const [program = 'target/release/limpid', folder = 'docs'] = process.argv.slice(2);
const PUBLIC = 'https://feeds.example.org';
const READERS = ['Feedbin feed-id:7 - 12 subscribers', 'NewsBlur Feed Fetcher - 3 subscribers - https://www.newsblur.com', 'Miniflux/2.2.12', 'FreshRSS/1.29.2', 'newsboat/2.40'];

const feed = (title, site, items) => `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>${title}</title><link>https://${site}/</link><description/>
${items.map(([name, body], n) => `<item><title>${name}</title><link>https://${site}/${n + 1}?utm_source=feed</link><guid>https://${site}/${n + 1}</guid><description><![CDATA[${body}]]></description></item>`).join('\n')}
</channel></rss>`;
const pixel = '<img src="https://count.example/p.gif?id=4" width="1" height="1" alt="">';
const FEEDS = {
  harbour: feed('Harbour Gazette', 'gazette.example', [
    ['The crane is moved at last', `<p style="font-family:Arial">Four tugs, one tide. <a href="https://gazette.example/map?utm_campaign=rss">The map</a>.</p><iframe src="https://www.youtube.com/embed/harbour0001"></iframe>${pixel}`],
    ['A ferry for the islands', `<p>It takes bicycles.</p><script>count()</script>${pixel}`],
  ]),
  'slow-kitchen': feed('The Slow Kitchen', 'kitchen.example', [
    ['Bread, on the third day', `<p>Wait.</p><img src="https://i0.wp.com/kitchen.example/bread.jpg?resize=900" alt="A loaf">${pixel}`],
    ['Soup for ten', '<p>Begin with onions.</p><form action="https://kitchen.example/letter"><input name="mail"></form>'],
    ['What to do with quinces', `<p>Not much, then a lot.</p>${pixel}`],
  ]),
  'night-sky': feed('Night Sky Notes', 'sky.example', [
    ['Where to look in December', '<p>East, after nine.</p><img src="https://wsrv.nl/?url=sky.example/chart.png&amp;w=1200" alt="A chart">'],
  ]),
};
const SETTINGS = `
server.public_url = "${PUBLIC}"
server.listen = ["127.0.0.1:0"]
admin.listen = ["127.0.0.1:0"]
fetch.connect_timeout = "1s"
[feeds.clear-water]
url = "demo:"
${Object.keys(FEEDS).map((name) => `[feeds.${name}]\nurl = "file:${name}.xml"\n`).join('')}`;

/** The program, in a folder of its own. */
async function serve(settings) {
  const home = await mkdtemp(join(tmpdir(), 'limpid-'));
  await mkdir(join(home, 'feeds.d'));
  for (const [name, text] of Object.entries(FEEDS)) await writeFile(join(home, `${name}.xml`), text);
  await writeFile(join(home, 'limpid.toml'), settings);
  const child = spawn(resolve(program), ['serve', '--output', 'json'], { cwd: home, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const piece of child.stdout) {
    text += piece;
    if (/^\}/m.test(text) || /^\{.*\}$/m.test(text)) break;
  }
  const { readers: [readers], owner: [owner] } = JSON.parse(text);
  return {
    readers,
    owner,
    async close() {
      child.kill();
      await new Promise((over) => child.once('exit', over));
      await rm(home, { recursive: true });
    },
  };
}

const server = await serve(SETTINGS);
// Readers of several kinds, some of which speak for many.
for (const [n, name] of ['clear-water', ...Object.keys(FEEDS)].entries()) {
  for (const agent of READERS.slice(n)) await fetch(`${server.readers}/feeds/${name}`, { headers: { 'user-agent': agent } });
}
await fetch(`${server.owner}/feeds/clear-water/source`, { method: 'POST', redirect: 'manual' });

const world = await start({ forward: [new URL(server.owner).host] });
async function shoot(name, path, { width, height, colorScheme = 'light', entry }) {
  const context = await world.browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(server.owner + path);
  // One entry, with all that is told of it.
  if (entry !== undefined) {
    await page.locator('.entry').nth(entry).evaluate((element) => {
      element.querySelector('details:last-of-type').open = true;
      window.scrollTo(0, element.getBoundingClientRect().top + scrollY);
    });
  }
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
}
const DESK = { width: 1120, height: 760 };
const PHONE = { width: 390, height: 780 };
await mkdir(folder, { recursive: true });
for (const colorScheme of ['light', 'dark']) {
  const ending = colorScheme === 'dark' ? '-dark' : '';
  await shoot(`feeds${ending}`, '/', { ...DESK, colorScheme });
  await shoot(`before-and-after${ending}`, '/feeds/clear-water', { ...DESK, colorScheme, entry: 1 });
  await shoot(`phone${ending}`, '/feeds/clear-water', { ...PHONE, colorScheme });
}
await world.close();
await server.close();
