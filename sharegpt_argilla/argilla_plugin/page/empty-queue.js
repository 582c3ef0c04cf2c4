// Says on Argilla 2.8's annotation page that it is the plan which gives somebody no record of a dataset.
(() => {
  "use strict";

  const { base } = document.currentScript.dataset;
  const LOOK_EVERY = 500;
  const TEXT = `The dataset has records, but its plan gives none of them to you. Whoever leads the project can change
    that: add your name to the project's people, then run "sharegpt-argilla plan ROWS --apply".`;
  const asked = new WeakSet();

  async function ask(path) {
    const answer = await fetch(`${base}/api/v1/${path}`, {
      headers: { Authorization: localStorage.getItem("auth._token.local") ?? "" },
    });
    return answer.ok ? answer.json() : null;
  }

  async function explain(box, dataset) {
    const [mine, all] = await Promise.all([ask(`me/datasets/${dataset}/metrics`), ask(`datasets/${dataset}/progress`)]);
    if (mine?.responses.total !== 0 || !all?.total || !box.isConnected) return;
    const text = document.createElement("p");
    text.id = "sharegpt-empty-queue";
    text.textContent = TEXT;
    text.style.cssText = "max-width:420px;margin:16px auto 0;text-align:center;font:14px/1.5 sans-serif";
    box.append(text);
  }

  setInterval(() => {
    const dataset = /\/dataset\/([0-9a-f-]{36})\/annotation-mode/u.exec(location.pathname)?.[1];
    const box = dataset && document.querySelector(".wrapper--empty");
    if (!box || asked.has(box)) return;
    asked.add(box);
    explain(box, dataset);
  }, LOOK_EVERY);
})();
