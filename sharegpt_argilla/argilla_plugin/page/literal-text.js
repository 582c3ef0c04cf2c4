// Shows texts on Argilla 2.8's pages as they were typed, and keeps what is in them inside their own box.
//
// Argilla gives a field's text to one component of the page, MarkdownRenderer, which turns it into HTML. For the
// fields of a record that component is drawn here instead, in one of three ways:
//   plain     the text itself, character for character
//   auto      the text itself, with its markdown made visible by fonts and colours; no character is left out
//   markdown  Argilla's own HTML, without foreign addresses, styles or controls
// The dataset's metadata says which field has which (`render`). A dataset that says nothing has `markdown`, as on any
// other Argilla. This file runs before the page's own scripts, and looks at each module of the page as it is run.
(() => {
  "use strict";

  const { base } = document.currentScript.dataset;
  const CSS_TEXT = `
    .sharegpt-text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start;
      tab-size: 4; }
    .sharegpt-text, .markdown-render { contain: paint; }
    .content-area:has(> .sharegpt-text) { white-space: normal !important; }
    .sharegpt-text .sg-code, .sharegpt-text .sg-block { font-family: monospace; font-size: .92em; border-radius: 4px;
      background: var(--bg-opacity-4, rgba(128, 128, 128, .14)); }
    .sharegpt-text .sg-code { padding: 0 .2em; }
    .sharegpt-text .sg-block { display: inline-block; box-sizing: border-box; width: 100%; padding: .5em .7em;
      vertical-align: top; unicode-bidi: isolate; }
    .sharegpt-text .sg-table { white-space: pre; overflow-x: auto; }
    .sharegpt-text .sg-heading { font-weight: 600; font-size: 1.12em; }
    .sharegpt-text .sg-strong { font-weight: 600; }
    .sharegpt-text .sg-em { font-style: italic; }
    .sharegpt-text .sg-del { text-decoration: line-through; }
    .sharegpt-text .sg-quote { opacity: .75; font-style: italic; }
    .sharegpt-text .sg-mark { opacity: .5; font-weight: 400; }
    .sharegpt-text a, a.sharegpt-elsewhere { color: var(--fg-cuaternary, #3e5cc9); text-decoration: underline;
      overflow-wrap: anywhere; }
    a.sharegpt-elsewhere { display: inline-block; padding: .3em .6em; border: 1px dashed currentColor; }
    .markdown-render th, .markdown-render td { border: 1px solid rgba(128, 128, 128, .4); padding: .25em .6em; }
    .span-annotation__field, .span-annotation__field--active, .span-annotation__field--overlapped {
      white-space: pre-wrap; }`;

  // ---- What a text is made of: [class, text, address] for each piece, in order; joined, the texts are the text.

  const ADDRESS = /https?:\/\/[^\s<>"'`\\^{|}\u0000-\u0020\u2000-\u200f\u2028-\u202f]+/giu;
  const INLINE = new RegExp(
    [
      "(?<escape>\\\\[\\\\`*_{}\\[\\]()#+\\-.!|<>~$])",
      "(?<tick>`+)(?<code>[^\\n]*?[^`\\n])\\k<tick>(?!`)",
      "(?<url>https?:\\/\\/[^\\s<>\"'`\\\\^{|}\\u0000-\\u0020\\u2000-\\u200f\\u2028-\\u202f]+)",
      "(?<b>\\*\\*)(?=[^\\s*])(?<strong>[^\\n]*?[^\\s*\\\\])\\k<b>",
      "(?<![\\p{L}\\p{N}_*])(?<i>[*_])(?=[^\\s*_])(?<em>[^\\n*_]*?[^\\s*_\\\\])\\k<i>(?![\\p{L}\\p{N}_*])",
      "(?<s>~~)(?=\\S)(?<del>[^\\n~]*?[^\\s~\\\\])\\k<s>",
    ].join("|"),
    "gu",
  );

  function linked(text, kind) {
    const pieces = [];
    let end = 0;
    for (const match of text.matchAll(ADDRESS)) {
      const address = match[0].replace(/[).,;:!?\]]+$/u, "");
      pieces.push([kind, text.slice(end, match.index)], [kind, address, address]);
      end = match.index + address.length;
    }
    pieces.push([kind, text.slice(end)]);
    return pieces;
  }

  function inline(text, kind, depth = 0) {
    const pieces = [];
    let end = 0;
    for (const match of text.matchAll(INLINE)) {
      const of = match.groups;
      pieces.push([kind, text.slice(end, match.index)]);
      end = match.index + match[0].length;
      const nested = (mark, inner, added) => {
        const inside = depth < 3 ? inline(inner, `${kind} ${added}`, depth + 1) : [[`${kind} ${added}`, inner]];
        pieces.push(["sg-mark", mark], ...inside, ["sg-mark", mark]);
      };
      if (of.escape) pieces.push(["sg-mark", of.escape[0]], [kind, of.escape.slice(1)]);
      else if (of.tick) pieces.push([`${kind} sg-code`, match[0]]);
      else if (of.url) pieces.push(...linked(of.url, kind));
      else if (of.b) nested(of.b, of.strong, "sg-strong");
      else if (of.i) nested(of.i, of.em, "sg-em");
      else nested(of.s, of.del, "sg-del");
    }
    pieces.push([kind, text.slice(end)]);
    return pieces;
  }

  const LONGEST_LINE = 2000;

  function line(text) {
    if (text.length > LONGEST_LINE) return linked(text, "");
    const [, mark, rest] = /^(\s{0,3}(?:#{1,6}(?=\s)|>+)|\s*(?:[-*+]|\d{1,9}[.)])(?=\s))?([^]*)$/u.exec(text);
    if (!mark) return inline(text, "");
    const kind = mark.includes("#") ? "sg-heading" : mark.includes(">") ? "sg-quote" : "";
    return [["sg-mark", mark], ...inline(rest, kind)];
  }

  // The line below the head of a table.
  function isRule(text) {
    return /^[\s|:-]+$/u.test(text) && text.includes("|") && text.includes("-");
  }

  // The line breaks around a block of code or a table are outside of it: they end the lines before and after.
  function styled(text) {
    const lines = text.split("\n");
    const pieces = [];
    for (let i = 0; i < lines.length; ) {
      let last = i;
      let kind = null;
      const fence = /^\s{0,3}(`{3,}|~{3,})/u.exec(lines[i]);
      if (fence && !(fence[1][0] === "`" && lines[i].slice(fence[0].length).includes("`"))) {
        kind = "sg-block";
        const closes = new RegExp(`^\\s{0,3}${fence[1][0]}{${fence[1].length},}\\s*$`, "u");
        do last += 1;
        while (last < lines.length - 1 && !closes.test(lines[last]));
        last = Math.min(last, lines.length - 1);
      } else if (lines[i].includes("|") && isRule(lines[i + 1] ?? "")) {
        kind = "sg-block sg-table";
        last += 1;
        while (last + 1 < lines.length && lines[last + 1].includes("|")) last += 1;
      }
      if (i > 0) pieces.push(["", "\n"]);
      if (kind) pieces.push([kind, lines.slice(i, last + 1).join("\n")]);
      else pieces.push(...line(lines[i]));
      i = last + 1;
    }
    return pieces.map(([name, ...rest]) => [name.trim(), ...rest]).filter(([, piece]) => piece !== "");
  }

  const LONGEST_STYLED = 200_000;

  function pieces(text, mode) {
    if (mode === "auto" && text.length <= LONGEST_STYLED) {
      const found = styled(text);
      if (found.map(([, piece]) => piece).join("") === text) return found;
    }
    return linked(text, "");
  }

  function draw(h, text, mode) {
    const children = pieces(text, mode).map(([kind, piece, address]) =>
      address === undefined
        ? kind === ""
          ? piece
          : h("span", { class: kind }, [piece])
        : h("a", { class: kind, attrs: { href: address, target: "_blank", rel: "noopener noreferrer" } }, [piece]),
    );
    return h("div", { class: "sharegpt-text", attrs: { "data-render": mode }, key: mode }, children);
  }

  // ---- HTML that was made of a text: nothing in it calls an address, and nothing in it is a control of the page.

  const DROPPED = "style,link,meta,base,title,iframe,frame,frameset,form,button,select,option,textarea,template,slot,dialog,map,area,portal,script,animate,set,animateMotion,animateTransform,foreignObject,image,use,feImage";
  const KEPT = new Set(
    `href title alt class style colspan rowspan align valign width height type checked disabled controls start dir lang
     open reversed value aria-hidden role src data`.split(/\s+/u),
  );
  const STYLES = /^(?:height|width|(?:min|max)-(?:height|width)|vertical-align|(?:margin|padding|border)(?:-[a-z-]+)?|color|background-color|text-align|text-decoration|font-(?:size|weight|style|family)|white-space|list-style-type|line-height|top|bottom|left|right|position|display)$/u;
  const INSIDE = /^(?:data:(?:image|audio|video)\/|data:application\/pdf[;,]|blob:)/iu;
  const MATHS = "http://www.w3.org/1998/Math/MathML";
  const SVG = "http://www.w3.org/2000/svg";

  function keepStyle(element) {
    const kept = [];
    for (const name of element.style) {
      const value = element.style.getPropertyValue(name);
      const moves = name === "position" && value !== "relative";
      if (STYLES.test(name) && !moves && !/url|image|expression|var|attr/iu.test(value)) kept.push(`${name}:${value}`);
    }
    if (kept.length) element.setAttribute("style", kept.join(";"));
    else element.removeAttribute("style");
  }

  function keepAttributes(element) {
    const drawn = element.namespaceURI === MATHS || element.namespaceURI === SVG;
    for (const { name, value } of [...element.attributes]) {
      if (name === "style") keepStyle(element);
      else if (/^on|href$|^(?:id|name|for|src)$/iu.test(name) && (drawn || !KEPT.has(name))) element.removeAttribute(name);
      else if (!drawn && !KEPT.has(name)) element.removeAttribute(name);
      else if (drawn && /url\s*\(/iu.test(value)) element.removeAttribute(name);
    }
  }

  function elsewhere(document, element, address) {
    const link = document.createElement("a");
    link.className = "sharegpt-elsewhere";
    link.href = address;
    const title = element.getAttribute("alt");
    link.textContent = `${element.localName}${title ? ` “${title}”` : ""}: ${address}`;
    return link;
  }

  function inside(html) {
    const made = new DOMParser().parseFromString(html, "text/html");
    for (const element of made.querySelectorAll(DROPPED)) element.remove();
    for (const element of made.body.querySelectorAll("*")) {
      const own = element.localName === "object" ? element.getAttribute("data") : element.getAttribute("src");
      keepAttributes(element);
      if (own !== null && !INSIDE.test(own)) {
        const address = /^(?:https?:)?\/\//iu.test(own) ? new URL(own, location.href).href : null;
        if (address) element.replaceWith(elsewhere(made, element, address));
        else element.replaceWith(made.createTextNode(`[${element.localName}: ${own}]`));
      } else if (element.localName === "input" && element.getAttribute("type") !== "checkbox") element.remove();
      else if (element.localName === "input") element.setAttribute("disabled", "");
    }
    for (const link of made.body.querySelectorAll("a")) {
      if (!/^(?:https?|mailto):/iu.test(link.getAttribute("href") ?? "")) link.removeAttribute("href");
      link.setAttribute("target", "_blank");
      link.setAttribute("rel", "noopener noreferrer");
    }
    return made.body.innerHTML;
  }

  // ---- Which field is shown how. Until the server has said it, texts are plain.

  const ASK_AGAIN = 5000;
  const datasets = new Map(); // dataset id -> { modes: Map of field id to mode, or null; waiting: components }

  async function ask(path) {
    const token = localStorage.getItem("auth._token.local");
    const answer = await fetch(`${base}/api/v1/datasets/${path}`, { headers: token ? { Authorization: token } : {} });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  async function load(id, entry) {
    try {
      const [dataset, fields] = await Promise.all([ask(id), ask(`${id}/fields`)]);
      const render = dataset.metadata?.render ?? {};
      entry.modes = new Map(fields.items.map((field) => [field.id, render[field.name] ?? "markdown"]));
    } catch {
      entry.modes = new Map();
      setTimeout(() => datasets.delete(id), ASK_AGAIN);
    }
    for (const component of entry.waiting) component.$forceUpdate();
  }

  function modeOf(component, parent) {
    if (!parent.useMarkdown) return "plain";
    const id = /\/dataset\/([0-9a-f-]{36})/u.exec(location.pathname)?.[1];
    if (id === undefined) return "plain";
    if (!datasets.has(id)) {
      datasets.set(id, { modes: null, waiting: new Set() });
      load(id, datasets.get(id));
    }
    const entry = datasets.get(id);
    if (entry.modes === null) entry.waiting.add(component);
    return entry.modes?.get(String(parent.id).slice(0, 36)) ?? "plain";
  }

  // ---- The page's components.

  function isField(component) {
    const props = component?.$options.props ?? {};
    return "useMarkdown" in props && "id" in props;
  }

  // Argilla makes a line break of every line's end; in a file whose lines have a width those ends mean nothing.
  function unwrapped(markdown) {
    let fenced = false;
    return markdown.split("\n").reduce((text, next) => {
      const last = text.slice(text.lastIndexOf("\n") + 1);
      const fence = /^\s*(?:```|~~~)/u.test(next);
      const starts = /^\s*(?:$|[#>|=]|[-*+]\s|\d+[.)]\s|[-*_]{3,}\s*$|<)/u.test(next);
      const ends = /^\s*(?:$|#|\||```|~~~)| {2}$|\\$/u.test(last);
      const joined = !fenced && !fence && !starts && !ends;
      if (fence) fenced = !fenced;
      return `${text}${joined ? " " : "\n"}${joined ? next.trimStart() : next}`;
    });
  }

  function adaptMarkdown(options) {
    const stock = options.computed.markdownToHtml;
    options.computed.markdownToHtml = function () {
      if (isField(this.$parent) || this.$parent?.$options.props?.question) return inside(stock.call(this));
      // Guidelines and code examples are the project's own, not a corpus'.
      return stock.call({ markdown: unwrapped(this.markdown) });
    };
    const render = options.render;
    options.render = function (h) {
      const mode = isField(this.$parent) ? modeOf(this, this.$parent) : "markdown";
      return mode === "markdown" ? render.call(this, h) : draw(h, this.markdown, mode);
    };
  }

  // Without markdown a field's text would become HTML of the page, with its scripts.
  function adaptField(options) {
    const render = options.render;
    options.render = function (h) {
      const always = { get: (component, key) => (key === "useMarkdown" ? true : Reflect.get(component, key)) };
      return render.call(new Proxy(this, always), h);
    };
  }

  // A long message is stored in pieces (records/chat_pieces.py): a full one goes on in the next of the same role.
  const PIECE = 20_000;

  function wholeMessages(pieces) {
    const messages = [];
    let last = null;
    for (const piece of pieces) {
      const continues = last?.role === piece.role && [...last.content].length === PIECE;
      if (continues) messages.push({ ...piece, content: messages.pop().content + piece.content });
      else messages.push(piece);
      last = piece;
    }
    return messages;
  }

  // Argilla puts every second message to the right, whoever wrote it.
  function placeByRole(drawn, messages) {
    if (!messages.every(({ role }) => role === "user" || role === "assistant")) return;
    const wrapper = drawn.children.find((child) => child.data?.staticClass === "chat__wrapper");
    messages.forEach(({ role }, at) => {
      wrapper.children[at].children[0].data.class = ["chat__item", `chat__item--${role === "user" ? "right" : "left"}`];
    });
  }

  function adaptChat(options) {
    const render = options.render;
    options.render = function (h) {
      const own = { useMarkdown: true, content: wholeMessages(this.content) };
      const get = (component, key) => (key in own ? own[key] : Reflect.get(component, key));
      const drawn = render.call(new Proxy(this, { get }), h);
      placeByRole(drawn, own.content);
      return drawn;
    };
  }

  const SPECIAL = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

  // A text with spans becomes HTML of the page too; only while it is drawn it has to be escaped.
  function adaptSpans(options) {
    const render = options.render;
    options.render = function (h) {
      let drawing = true;
      const escaped = (text) => text.replace(/[&<>\r]/gu, (character) => SPECIAL[character]);
      const get = (component, key) =>
        key === "fieldText" && drawing ? escaped(component.fieldText) : Reflect.get(component, key);
      const drawn = render.call(new Proxy(this, { get }), h);
      drawing = false;
      return drawn;
    };
  }

  const adapted = new WeakSet();

  function adapt(options) {
    if (options === null || typeof options !== "object" || typeof options.render !== "function") return;
    if (adapted.has(options)) return;
    adapted.add(options);
    const props = options.props ?? {};
    if (options.computed?.markdownToHtml) adaptMarkdown(options);
    else if (props.useMarkdown && props.content?.type === Array) adaptChat(options);
    else if (props.useMarkdown && (props.fieldText || props.content)) adaptField(options);
    else if (props.spanQuestion && props.fieldText) adaptSpans(options);
  }

  function watched(run) {
    return function (module, exports, require) {
      run.call(this, module, exports, require);
      try {
        adapt(module.exports?.default);
      } catch {
        // An export that cannot be read is none of the components.
      }
    };
  }

  const chunks = (window.webpackJsonp = window.webpackJsonp || []);
  const seen = new WeakSet();
  let deliver = (chunk) => Array.prototype.push.call(chunks, chunk);

  // Webpack's runtime replaces `push`, and calls the one that it replaced with the chunks that it has taken.
  function receive(chunk) {
    if (seen.has(chunk)) return Array.prototype.push.call(chunks, chunk);
    seen.add(chunk);
    for (const key of Object.keys(chunk[1])) chunk[1][key] = watched(chunk[1][key]);
    return deliver(chunk);
  }

  Object.defineProperty(chunks, "push", {
    configurable: true,
    get: () => receive,
    set: (given) => {
      deliver = given;
    },
  });

  const sheet = document.createElement("style");
  sheet.textContent = CSS_TEXT;
  document.head.append(sheet);
})();
