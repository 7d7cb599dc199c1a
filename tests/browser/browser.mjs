// Chromium behind a proxy of ours that sees and answers every request: nothing leaves this machine.

import http from 'node:http';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** What Chromium asks for on its own account, whatever it shows. Pages are never served from there. */
const ITSELF = ['accounts.google.com', 'content-autofill.googleapis.com', 'optimizationguide-pa.googleapis.com', 'clients2.google.com', 'update.googleapis.com', 'redirector.gvt1.com', 'edgedl.me.gvt1.com'];

/** The smallest picture there is. */
const PIXEL = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64');

/**
 * Starts the browser.
 *
 * `serve(url)` answers a request with `{ status, headers, body }`; what it leaves alone is answered with a
 * picture, unless its host is one of `forward` (`host:port`): those are real servers on loopback.
 */
export async function start({ serve = () => undefined, forward = [] } = {}) {
  const requests = [];
  const proxy = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://unknown.test');
    if (ITSELF.includes(url.host)) return response.destroy();
    requests.push(url.href);
    if (forward.includes(url.host)) return pass(request, response, url);
    const answer = (await serve(url)) ?? { headers: { 'content-type': 'image/gif', 'cache-control': 'max-age=9999' }, body: PIXEL };
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body);
  });
  // What is asked for over TLS is known by its host alone, and never answered.
  proxy.on('connect', (request, socket) => {
    const host = request.url.replace(/:443$/, '');
    if (!ITSELF.includes(host)) requests.push(`https://${host}/`);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 502 Not Here\r\n\r\n');
  });
  proxy.on('upgrade', (request, socket) => {
    requests.push(request.url);
    socket.destroy();
  });
  proxy.on('clientError', (_, socket) => socket.destroy());
  await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
  const browser = await chromium.launch({
    executablePath: executable(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-default-apps',
      '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,MediaRouter,AutofillServerCommunication',
      '--autoplay-policy=no-user-gesture-required',
      `--proxy-server=127.0.0.1:${proxy.address().port}`,
      '--proxy-bypass-list=<-loopback>',
    ],
  });
  return {
    browser,
    requests,
    async close() {
      await browser.close();
      proxy.closeAllConnections();
      await new Promise((closed) => proxy.close(closed));
    },
  };
}

/**
 * A page of that browser, in all whose frames the detector runs first, with `script` behind it, and what the
 * detector told so far: `{ what, detail, frame }`, the frame being the outermost below the page, by its name.
 */
export async function watch({ browser }, script) {
  const context = await browser.newContext();
  const seen = [];
  await context.exposeBinding('limpidSaw', ({ frame }, what, detail) => {
    let below = frame;
    while (below.parentFrame()?.parentFrame()) below = below.parentFrame();
    seen.push({ what, detail, frame: below.name() });
  });
  await context.addInitScript(detector);
  await context.addInitScript({ content: `window.limpidTouch = ${touch}; ${script}` });
  const page = await context.newPage();
  page.on('dialog', (dialog) => {
    seen.push({ what: 'dialog', detail: dialog.message(), frame: '' });
    dialog.dismiss();
  });
  page.on('popup', (popup) => {
    seen.push({ what: 'popup', detail: popup.url(), frame: '' });
    popup.close();
  });
  return { page, seen };
}

function executable() {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!found) throw new Error('no Chromium here: ./tests/run installs it');
  return found;
}

function pass(request, response, url) {
  const asked = http.request(
    { host: url.hostname, port: url.port, path: url.pathname + url.search, method: request.method, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    },
  );
  asked.on('error', () => response.destroy());
  request.pipe(asked);
}

/** Runs in every frame before anything else: tells `limpidSaw` of all that a script can do to be noticed. */
export function detector() {
  const saw = (what, detail) => window.limpidSaw?.(what, String(detail).slice(0, 200));
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = (detail) => saw(name, detail);
  for (const name of ['write', 'writeln']) Document.prototype[name] = (detail) => saw(`document.${name}`, detail);
  document.addEventListener('securitypolicyviolation', (event) => saw(event.effectiveDirective, event.blockedURI), true);
}

/**
 * The policy that reports, and does not stop, whatever a cleaned field must not do. `self` may show pictures.
 * Sound and film stay where they are: their address is judged before `preload=none` is, so that whether they
 * load is told by the requests alone.
 */
export const REPORTING = "default-src 'none'; script-src 'none'; style-src 'none'; img-src 'self'; media-src *; base-uri 'none'; form-action 'none'";

/**
 * Touches everything below `root` in all ways a reader may; runs in the page.
 *
 * An event that a script makes is heard by handlers alone (`on…`, and the times of SVG animations): where there
 * are none, a click is all that can do anything.
 */
export function touch(root) {
  const EVENTS =
    'dblclick auxclick contextmenu mousedown mouseup mouseover mousemove mouseenter pointerdown pointerenter wheel touchstart ' +
    'keydown keyup keypress focus focusin blur input beforeinput change submit reset invalid copy cut paste beforecopy dragstart ' +
    'drop scroll scrollend selectstart toggle beforetoggle load error animationstart transitionend beforematch begin end ' +
    'contentvisibilityautostatechange pageshow hashchange resize start finish loadstart propertychange afterscriptexecute click';
  const document = root.ownerDocument ?? root;
  if (!document.limpidStays) {
    document.limpidStays = true;
    document.addEventListener(
      'click',
      (event) => {
        const link = event.composedPath().find((node) => node.localName === 'a' || node.localName === 'area');
        if (link && /^(https?|mailto|ftp|tel):$/.test(link.protocol ?? '')) event.preventDefault();
      },
      true,
    );
  }
  const elements = [...root.querySelectorAll('*')];
  const isForeign = elements.some(({ namespaceURI }) => namespaceURI !== 'http://www.w3.org/1999/xhtml');
  for (const element of elements) {
    const isHeard = isForeign || Element.prototype.getAttributeNames.call(element).some((name) => /^on|:on/i.test(name));
    try {
      if (isHeard) {
        for (const name of EVENTS.split(' ')) element.dispatchEvent(new Event(name, { cancelable: true }));
        element.focus?.();
      }
      element.click?.();
    } catch {
      // Whoever has no such method cannot be touched so.
    }
  }
}

/** All of stdin, as JSON. */
export async function told() {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) text += piece;
  return JSON.parse(text);
}
