// What no reader may find in a cleaned field, wherever it is shown.

/** What must not stand below `place`; runs in the page. */
export function judge(n, place) {
  const ELEMENTS = /^(script|style|iframe|frame|frameset|object|embed|applet|link|meta|base|form|input|button|select|textarea|option|svg|math|template|noscript|title|xmp|plaintext|noembed|noframes|dialog|portal|fencedframe|isindex|keygen|marquee|canvas|slot|bgsound|area|map|param)$/;
  const ATTRIBUTES = /^(on.*|style|class|name|srcdoc|formaction|action|ping|background|data|is|slot|part|popover.*|command.*|form|autofocus|autoplay|contenteditable|tabindex|accesskey|target|http-equiv|xlink:.*|usemap|itemtype|cite|longdesc|lowsrc|dynsrc)$/i;
  const LINKS = /^(apt|bitcoin|callto|dat|dweb|ed2k|ethereum|feed|ftps?|gemini|geo|git|gopher|https?|ipfs|ipns|irc6?|ircs|magnet|mailto|matrix|mms|news|nntp|sftp|sips?|sms|spotify|ssb|steam|svn|tel|tg|web\+ap|webcal|xmpp):/i;
  const faults = [];
  const fault = (what, detail) => faults.push({ n, what, detail: String(detail).slice(0, 200) });
  for (const element of place.querySelectorAll('*')) {
    // In XHTML there are elements of no meaning as well: of a feed's own namespace.
    if (/svg|mathml/i.test(element.namespaceURI) || ELEMENTS.test(element.localName)) fault('an element', element.outerHTML);
    // A form's own fields may go by the names of its methods.
    for (const name of Element.prototype.getAttributeNames.call(element)) {
      const value = Element.prototype.getAttribute.call(element, name);
      if (ATTRIBUTES.test(name) || (name === 'id' && !value.startsWith('fn-'))) fault(`the attribute ${name}`, element.outerHTML);
      if (name === 'href' && !LINKS.test(value) && !value.startsWith('#fn-')) fault('a link', value);
      const isPicture = name === 'poster' || name === 'srcset' || (name === 'src' && element.localName === 'img');
      if (isPicture && !value.split(/\s*,\s+/).every((address) => address.startsWith(`${location.origin}/i/`))) fault('a picture from elsewhere', element.outerHTML);
    }
  }
  return faults;
}
