// Opens cleaned feeds as a reader's page and tells whom the browser asked for something, without a click.
//
// stdin: { constructs: [markup], third: 'http://third.test', feeds: [address at Limpid], picture: address of a real picture in them }
// stdout: { asked: [addresses of others], shown: pictures that loaded, raw: how many constructs ask a third party uncleaned }

import { start, told } from './browser.mjs';

const READER = 'http://reader.test';
const { constructs, third, feeds } = await told();
const limpid = new URL(feeds[0]).host;
const pages = new Map();
const world = await start({ forward: [limpid], serve: (url) => (url.origin === READER ? (pages.get(url.pathname) ?? { status: 404, body: '' }) : undefined) });
const context = await world.browser.newContext({ viewport: { width: 1000, height: 800 } });
const html = (body) => ({ headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><html><head><title>reader</title><link rel="icon" href="data:,"></head><body>${body}</body></html>` });
pages.set('/', html(''));

const asked = [];
let shown = 0;
let entries = 0;
for (const feed of feeds) {
  const page = await context.newPage();
  world.requests.length = 0;
  await page.goto(`${READER}/`);
  const contents = await page.evaluate(contentsOf, feed);
  entries += contents.length;
  // Put there by a script, then as a page of their own: readers do the one or the other.
  await page.evaluate((contents) => {
    for (const content of contents) document.body.appendChild(document.createElement('div')).innerHTML = content;
  }, contents);
  await quiet(page);
  shown += await page.evaluate(() => [...document.images].filter((image) => image.complete && image.naturalWidth > 1).length);
  pages.set('/all', html(contents.map((content) => `<div>${content}</div>`).join('\n')));
  await page.goto(`${READER}/all`);
  await quiet(page);
  asked.push(...world.requests.filter((url) => ![READER, `http://${limpid}`].includes(new URL(url).origin)).map((url) => `${url} by ${feed}`));
  const strays = world.requests.filter((url) => url.startsWith(READER) && !['/', '/all'].includes(new URL(url).pathname));
  asked.push(...strays.map((url) => `${url} (the reader's own server) by ${feed}`));
  await page.close();
}
const raw = await uncleaned();
await world.close();
process.stdout.write(JSON.stringify({ asked, shown, entries, raw }));

/** The content of each entry, as a reader takes it from the feed; runs in the page. */
async function contentsOf(feed) {
  const text = await (await fetch(feed)).text();
  if (text.startsWith('{')) return JSON.parse(text).items.map((item) => item.content_html ?? '');
  const entries = [...new DOMParser().parseFromString(text, 'application/xml').querySelectorAll('item, entry')];
  return entries.map((entry) => {
    const content = entry.querySelector('content, description');
    return content?.getAttribute('type') === 'xhtml' ? content.innerHTML : (content?.textContent ?? '');
  });
}

/** Scrolls through the page and waits until nothing is asked for any more. */
async function quiet(page) {
  await page.evaluate(async () => {
    for (const element of document.querySelectorAll('details')) element.open = true;
    for (let top = 0; top < document.body.scrollHeight; top += 700) {
      scrollTo(0, top);
      await new Promise((drawn) => requestAnimationFrame(drawn));
    }
  });
  await page.waitForLoadState('networkidle', { timeout: 20_000 });
}

/** How many constructs ask a third party when nobody cleans them: each in a page of its own. */
async function uncleaned() {
  world.requests.length = 0;
  const page = await context.newPage();
  constructs.forEach((construct, n) => pages.set(`/raw/${n}`, html(construct.replaceAll('%', `${third}/${n}/`))));
  for (let at = 0; at < constructs.length; at += 40) {
    const frames = constructs.slice(at, at + 40).map((_, index) => `<iframe src="/raw/${at + index}"></iframe>`);
    pages.set('/frames', html(frames.join('')));
    await page.goto(`${READER}/frames`, { waitUntil: 'load', timeout: 20_000 }).catch(() => undefined);
    await page.waitForTimeout(300);
  }
  const ran = new Set(world.requests.filter((url) => url.startsWith(third)).map((url) => new URL(url).pathname.split('/')[1]));
  return ran.size;
}
