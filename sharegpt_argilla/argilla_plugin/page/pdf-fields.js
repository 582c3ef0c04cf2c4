// PDFs in fields (`argilla.markdown.pdf_to_html`) are `object` or `embed` elements with a data: address. The policy of
// the page lets such elements load blob: addresses only, which no text can name, since a data: address may be a page
// with scripts. So the bytes of PDFs, and of nothing else, become a blob here.
(() => {
  "use strict";
  const PDF = /^\s*data:application\/pdf(?:;[\w=.-]+)*;base64,/i;

  function show(element) {
    const name = element.localName === "object" ? "data" : "src";
    const address = element.getAttribute(name) || "";
    const head = PDF.exec(address);
    if (head === null) return;
    let bytes;
    try {
      bytes = Uint8Array.from(atob(address.slice(head[0].length)), (character) => character.charCodeAt(0));
    } catch {
      return; // not base64: the policy refuses it
    }
    const shown = element.cloneNode(false);
    shown.setAttribute(name, URL.createObjectURL(new Blob([bytes], { type: "application/pdf" })));
    shown.setAttribute("type", "application/pdf");
    element.replaceWith(shown);
  }

  function look(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    if (node.matches("object, embed")) show(node);
    else node.querySelectorAll("object, embed").forEach(show);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") look(change.target);
      else change.addedNodes.forEach(look);
    }
  }).observe(document, { attributeFilter: ["data", "src"], childList: true, subtree: true });
})();
