// Opens every value of cleaned feeds as readers show it, and finds what runs, loads, breaks out or stays that must not.
//
// stdin: { attacks: [{ class, markup }], files: [cleaned documents], public: 'http://limpid.test' }
// stdout: { found: [...], control: { attacks, seen, ran, classes }, figures }

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { REPORTING, start, told, watch } from './browser.mjs';
import { rawAttacks } from './control.mjs';
import { judge } from './judge.mjs';

const { attacks, files, public: PUBLIC } = await told();
const began = Date.now();
const pages = new Map();
const html = (body, more = {}) => ({ headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy-report-only': REPORTING, ...more }, body });
pages.set('/blank', html('<!doctype html><title>blank</title><body>'));
const serve = async (url) => {
  if (url.origin !== PUBLIC) return undefined;
  if (url.pathname.startsWith('/files/')) return { headers: { 'content-type': 'application/json' }, body: await bundle(Number(url.pathname.slice(7))) };
  return pages.get(url.pathname);
};
// In a browser of its own, at the same time.
const control = start({ serve }).then((world) => rawAttacks(world, attacks, `${PUBLIC}/blank`));
const world = await start({ serve });
const { page, seen } = await watch(world, `window.limpidJudge = ${judge};`);

const found = [];
/** More than this is not told. */
const MOST = Number(process.env.XSS_FOUND ?? 40);
const lap = (what) => process.env.LAPS && process.stderr.write(`${what} ${Math.round((Date.now() - began) / 1000)} s, found ${found.length}\n`);
const values = await collect();
lap(`${values.length} values of ${files.length} documents`);
for (const look of [shownInAPage, aWholeDocument, anXhtmlDocument, inAnAttribute]) {
  await inBatches(values.filter(look.takes ?? (() => true)), 500, look);
  lap(look.name);
}
await world.close();
lap(`${(await control).ran} ran uncleaned`);
const figures = { values: values.length, contexts: 4, seconds: Math.round((Date.now() - began) / 1000) };
process.stdout.write(JSON.stringify({ found, control: await control, figures }));

/** Documents in one answer. */
async function bundle(at) {
  const some = files.slice(at, at + 500).map(async (file, index) => [at + index, file.endsWith('.json'), await readFile(file, 'utf8')]);
  return JSON.stringify(await Promise.all(some));
}

/** Everything in the cleaned documents that a reader may show: each once, with the attack it comes from. */
async function collect() {
  await page.goto(`${PUBLIC}/blank`);
  const known = new Map();
  for (let at = 0; at < files.length; at += 500) {
    const collected = await page.evaluate(async (at) => {
      const ADDRESSES = /^(link|url|uri|guid|id|comments|docs|icon|logo|image|thumbnail|href|src|img|srcset|home_page_url|external_url|feed_url|banner_image|favicon|avatar|origlink|origenclosurelink|backlink|commentrss|cover|wordmark|poster|linkmobile)$/i;
      // Elements whose children a reader may show as markup: those of all others are data of some kind.
      const SHOWN = /^(title|description|content|summary|subtitle|tagline|info|rights|copyright|encoded|body|fullitem|abstract|full-text|value|name|creator|category|text)$/i;
      const isField = (element) => SHOWN.test(element.localName) && !/mrss|podcast/i.test(element.namespaceURI);
      const isShown = (element) =>
        isField(element) && !/^(?!.*xhtml).*xml$/i.test(element.getAttribute('type') ?? '');
      const XHTML = 'http://www.w3.org/1999/xhtml';
      const collected = new Map();
      const take = (value, kind, number, place) => value.trim() && collected.set(`${kind} ${value}`, { value, kind, number, place });
      // Media RSS has comments of the same name in words.
      const isCommentsPage = (element) => /^comment$/i.test(element.localName) && /wellformedweb/i.test(element.namespaceURI);
      // An id is any text, and followed as a link where it is one; what an extension calls by any name is text.
      const kindOf = (name, value) => (/^(id|guid)$/i.test(name) ? /^\s*https?:/i : ADDRESSES.test(name) ? /^/ : /$^/).test(value) ? 'address' : 'text';
      const walkJson = (value, key, number) => {
        if (typeof value === 'string') take(value, kindOf(key, value), number, key);
        else if (value && typeof value === 'object') for (const [name, inner] of Object.entries(value)) walkJson(inner, Array.isArray(value) || key.startsWith('_') ? key : name, number);
      };
      const inner = (element) => [...element.childNodes].map((node) => new XMLSerializer().serializeToString(node)).join('');
      for (const [number, isJson, text] of await (await fetch(`/files/${at}`)).json()) {
        if (isJson) {
          walkJson(JSON.parse(text), '', number);
          continue;
        }
        const feed = new DOMParser().parseFromString(text, 'application/xml');
        if (feed.querySelector('parsererror')) take(`not well-formed: ${feed.querySelector('parsererror').textContent}`, 'broken', number);
        for (const element of feed.querySelectorAll('*')) {
          // XHTML is shown as the markup that it is: its characters are text, whatever they look like.
          if (element.namespaceURI === XHTML) {
            if (element.parentNode.namespaceURI !== XHTML) take(new XMLSerializer().serializeToString(element), 'markup', number);
            continue;
          }
          // So are other elements in markup.
          let above = element.parentNode;
          while (above?.localName && !isShown(above)) above = above.parentNode;
          if (above?.localName) continue;
          for (const { name, localName, value } of element.attributes) {
            if (!name.startsWith('xmlns')) take(value, kindOf(localName, value), number, `${element.nodeName}/@${name}`);
          }
          // The characters of an element in XML of another kind are no field: who shows that XML writes them as text.
          let field = element.parentNode;
          while (field?.localName && !isField(field)) field = field.parentNode;
          if (!element.children.length && field?.localName) continue;
          if (!element.children.length) take(element.textContent, kindOf(isCommentsPage(element) ? 'comments' : element.localName, element.textContent), number, `${element.parentNode.nodeName}/${element.nodeName}`);
          else if (isShown(element)) take(inner(element), 'markup', number, element.nodeName);
        }
      }
      return [...collected.values()];
    }, at);
    for (const one of collected) known.set(`${one.kind} ${one.value}`, one);
  }
  for (const broken of [...known.values()].filter(({ kind }) => kind === 'broken')) report(broken, 'document', { what: broken.value });
  return [...known.values()].filter(({ kind }) => kind !== 'broken');
}

/**
 * Looks at all values, many at once. A fault that says whose it is (`n`) is believed if it is the first: it
 * may have brought about those behind it, so all others are looked at once more. Else fewer are looked at,
 * until it is known whose it is.
 */
async function inBatches(values, size, look) {
  for (let at = 0; at < values.length && found.length < MOST; at += size) {
    let batch = values.slice(at, at + size);
    while (batch.length && found.length < MOST) {
      seen.length = 0;
      world.requests.length = 0;
      const faults = await look(batch);
      const loaded = world.requests.filter((url) => !url.startsWith(`${PUBLIC}/`)).map((url) => ({ what: 'loads', detail: url }));
      const all = [...faults, ...seen.map(({ what, detail }) => ({ what, detail })), ...loaded];
      if (!all.length) break;
      const first = batch.length === 1 ? 0 : Math.min(...all.map(({ n }) => n ?? Infinity));
      if (first === Infinity) {
        await inBatches(batch, Math.ceil(batch.length / 8), look);
        break;
      }
      report(batch[first], look.name, ...all.filter(({ n }) => batch.length === 1 || n === first));
      batch = batch.filter((_, n) => n !== first);
    }
  }
}

function report({ value, number, place }, context, ...faults) {
  const attack = Number(basename(files[number]).split('-')[0]);
  if (process.env.LAPS) process.stderr.write(`${context} ${JSON.stringify(value.slice(0, 300))} ${basename(files[number])} ${place} ${JSON.stringify(faults.slice(0, 2))}\n`);
  found.push({ context, place, faults: faults.slice(0, 4), value: value.slice(0, 600), file: basename(files[number]), attack: attacks[attack] });
}

/** As the content of an element, put there by a script. */
async function shownInAPage(values) {
  await page.goto(`${PUBLIC}/blank`);
  const faults = await page.evaluate(`(${audit})(${JSON.stringify(values.map(({ value }) => value))})`);
  await settled();
  return faults;
}

/** As part of a page that the browser parses, in several places of one. */
async function aWholeDocument(values) {
  const places = [['<div', '</div>'], ['<table><tr><td', '</td></tr></table>'], ['<ul><li', '</li></ul>'], ['<textarea', '</textarea>'], ['<noscript', '</noscript>']];
  const body = values.flatMap(({ value }, n) => places.map(([open, close], p) => `<section data-s="${n}">${open} data-v="${n}.${p}">${value}${close}</section><i data-end="${n}.${p}"></i>`)).join('\n');
  pages.set('/document', html(`<!doctype html><html><head><title>document</title></head><body>${body}</body></html>`));
  await page.goto(`${PUBLIC}/document`);
  const faults = await page.evaluate(([count, places]) => {
    const faults = [];
    for (let n = 0; n < count; n += 1) for (let p = 0; p < places; p += 1) {
      const [inside, ...more] = document.querySelectorAll(`[data-v="${n}.${p}"]`);
      const end = document.querySelector(`[data-end="${n}.${p}"]`);
      if (!inside || more.length || inside.closest('section')?.parentNode !== document.body || end?.parentNode !== document.body) faults.push({ n, what: 'breaks out', detail: `place ${p}` });
      else if (!inside.matches('textarea')) faults.push(...window.limpidJudge(n, inside));
    }
    if (document.documentElement.attributes.length || document.body.attributes.length) faults.push({ what: 'changes the page' });
    window.limpidTouch(document.body);
    return faults;
  }, [values.length, places.length]);
  await settled();
  return faults;
}

/** As part of an XHTML page, where it is well-formed. */
async function anXhtmlDocument(values) {
  const wrap = (body) => `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>${body}</body></html>`;
  // What is not well-formed gets an error in its place, with a style of its own: here nothing is reported.
  pages.set('/parser', html('<!doctype html><title>parser</title><body>', { 'content-security-policy-report-only': "object-src 'none'" }));
  await page.goto(`${PUBLIC}/parser`);
  const sound = await page.evaluate((texts) => texts.map((text) => !new DOMParser().parseFromString(text, 'application/xhtml+xml').querySelector('parsererror')), values.map(({ value }) => wrap(`<div>${value}</div>`)));
  const body = values.map(({ value }, n) => (sound[n] ? `<div data-v="${n}">${value}</div>` : '')).join('\n');
  pages.set('/xhtml', html(wrap(body), { 'content-type': 'application/xhtml+xml' }));
  await page.goto(`${PUBLIC}/xhtml`);
  const faults = await page.evaluate(() => {
    window.limpidTouch(document.body);
    return [...document.querySelectorAll('[data-v]')].flatMap((place) => window.limpidJudge(Number(place.dataset.v), place));
  });
  await settled();
  return faults;
}
anXhtmlDocument.takes = ({ value }) => value.includes('<');

/** An address as a link, a picture and a file, without any escaping; other text as a tip that a script shows. */
async function inAnAttribute(values) {
  const quoted = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const one = ({ value, kind }, n) =>
    (kind === 'address'
      ? `<section data-v="${n}"><a href="${value}">x</a><img alt="" src="${value}"><audio preload="none" src="${value}"></audio></section>`
      : `<section data-v="${n}"><b data-tip="${quoted(value)}">x</b><p title='${quoted(value).replaceAll("'", '&#39;')}'>x</p></section>`) + `<i data-end="${n}"></i>`;
  // Addresses of pictures are asked for here, whoever's they are: what loads is not of interest.
  pages.set('/attribute', html(`<!doctype html><html><head><title>attribute</title></head><body>${values.map(one).join('\n')}</body></html>`, { 'content-security-policy-report-only': REPORTING.replace("img-src 'self'", 'img-src *') }));
  await page.goto(`${PUBLIC}/attribute`);
  const faults = await page.evaluate((count) => {
    const faults = [];
    for (let n = 0; n < count; n += 1) {
      const section = document.querySelector(`[data-v="${n}"]`);
      if (section?.parentNode !== document.body || document.querySelector(`[data-end="${n}"]`)?.parentNode !== document.body) faults.push({ n, what: 'breaks out' });
      if (section && section.querySelectorAll('*').length > 3) faults.push({ n, what: 'breaks out of its attribute', detail: section.innerHTML.slice(0, 200) });
      for (const link of section?.querySelectorAll('a') ?? []) {
        if (link.attributes.length > 1) faults.push({ n, what: 'adds attributes', detail: link.outerHTML.slice(0, 200) });
        if (/^(javascript|vbscript|livescript|mocha|data|blob|filesystem|view-source|jar|feed|file):?$/.test(link.protocol) && !/^data:image\/(gif|png|jpeg|webp|avif)[;,]/.test(link.href)) faults.push({ n, what: `a link to ${link.protocol}`, detail: link.href });
      }
      for (const element of section?.querySelectorAll('[data-tip]') ?? []) element.innerHTML = element.dataset.tip;
    }
    window.limpidTouch(document.body);
    return faults;
  }, values.length);
  await settled();
  world.requests.length = 0;
  const isOfNoInterest = ({ what, detail }) => /^(img|media)-src/.test(what) && !/^(blob|filesystem|javascript)/.test(detail);
  seen.splice(0, seen.length, ...seen.filter((one) => !isOfNoInterest(one)));
  return faults;
}

/** Puts all there with `innerHTML`, judges and touches it; runs in the page. */
function audit(values) {
  return values.flatMap((value, n) => {
    const place = document.body.appendChild(document.createElement('div'));
    place.innerHTML = value;
    const faults = window.limpidJudge(n, place);
    window.limpidTouch(place);
    return faults;
  });
}

/** What was begun may come to something a little later. */
async function settled() {
  await page.waitForTimeout(150);
}
