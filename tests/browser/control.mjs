// The same attacks as they came: what is seen of them proves that it would be seen.

import { watch } from './browser.mjs';
import { judge } from './judge.mjs';

/**
 * How many attacks run, each in a frame of its own, as a document and by `innerHTML`; and how many are seen to
 * run or hold what no field may. Ends `world`.
 */
export async function rawAttacks(world, attacks, blank) {
  const { page, seen } = await watch(world, `window.limpidJudge = ${judge};`);
  const ran = new Set();
  const isRun = ({ what }) => /^(alert|confirm|prompt|print|open|document\.write|script-src.*|dialog)$/.test(what);
  for (const whole of [true, false]) {
    const left = [...attacks.keys()].filter((number) => !ran.has(number));
    for (let at = 0; at < left.length; at += 80) {
      const batch = left.slice(at, at + 80).map((number) => [number, attacks[number].markup]);
      seen.length = 0;
      await page.goto(blank);
      await page.evaluate(async ([batch, whole]) => {
        const frames = batch.map(([number, markup]) => {
          const frame = document.createElement('iframe');
          frame.name = `raw-${number}`;
          frame.srcdoc = whole ? markup : '<!doctype html><body></body>';
          const loaded = new Promise((done) => { frame.onload = done; setTimeout(done, 1000); });
          document.body.append(frame);
          return { frame, loaded, markup };
        });
        for (const { frame, loaded, markup } of frames) {
          await loaded;
          try {
            if (!whole) frame.contentDocument.body.innerHTML = markup;
            window.limpidTouch(frame.contentDocument.documentElement);
          } catch {
            // It has gone elsewhere.
          }
        }
      }, [batch, whole]).catch(() => undefined);
      await page.waitForTimeout(150);
      for (const one of seen.filter(isRun)) if (one.frame.startsWith('raw-')) ran.add(Number(one.frame.slice(4)));
    }
  }
  await page.goto(blank);
  const held = await page.evaluate((markups) => {
    // Without a browsing context nothing in it runs.
    const parsed = (markup) => new DOMParser().parseFromString(markup, 'text/html');
    return markups.flatMap((markup, number) => (window.limpidJudge(number, parsed(`<body>${markup}`)).length ? [number] : []));
  }, attacks.map(({ markup }) => markup));
  await world.close();
  const classes = {};
  for (const number of ran) classes[attacks[number].class] = (classes[attacks[number].class] ?? 0) + 1;
  return { attacks: attacks.length, seen: new Set([...ran, ...held]).size, ran: ran.size, classes };
}

