// Keeps every answer that Argilla 2.8's annotation page sends until the server has taken it, and says so if it does not.
//
// The page opens the next record whatever becomes of an answer. Here the answer is written to the browser's own
// database before it is sent, and removed when the server has it. What is left - the server was away, the sign-in had
// ended, the tab was closed, the browser crashed - is sent again by any page of this Argilla, for the same person only.
// Where a record is answered twice, the later answer stays. This file runs before the page's own scripts.
(() => {
  "use strict";

  const { base } = document.currentScript.dataset;
  const EVERY = 3000;
  const LONGEST_PAUSE = 10_000;
  const SAID_FOR = 6000;
  const ID = "[0-9a-f-]{36}";
  const CREATES = new RegExp(`^${base}/api/v1/records/(${ID})/responses$`, "u");
  const CHANGES = new RegExp(`^${base}/api/v1/responses/(${ID})$`, "u");
  const BULK = `${base}/api/v1/me/responses/bulk`;

  // ---- The kept answers: { key, person, record or response, status, values, at }.

  const database = new Promise((resolve, reject) => {
    const opening = indexedDB.open(`sharegpt-answers${base}`, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("answers", { keyPath: "key" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });

  async function within(mode, work) {
    const transaction = (await database).transaction("answers", mode, { durability: "strict" });
    const request = work(transaction.objectStore("answers"));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      if (mode === "readwrite") transaction.commit?.();
    });
  }

  const keep = (answers) => within("readwrite", (store) => answers.forEach((answer) => store.put(answer)));
  const kept = () => within("readonly", (store) => store.getAll());

  // Only what was sent is done: a later answer to the same record has another time.
  async function forget(answers) {
    const stored = new Map((await kept()).map((answer) => [answer.key, answer.at]));
    const done = answers.filter(({ key, at }) => stored.get(key) === at);
    await within("readwrite", (store) => done.forEach(({ key }) => store.delete(key)));
  }

  // ---- Who is signed in.

  function signedIn() {
    const token = localStorage.getItem("auth._token.local") ?? "";
    try {
      const part = token.split(".")[1].replace(/-/gu, "+").replace(/_/gu, "/");
      const { username } = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
      return { person: username, token };
    } catch {
      return { person: null, token: null };
    }
  }

  // ---- What the page sends.

  const flying = new Set(); // key and time of answers that the page is sending now
  let person = null; // of the last request: a token that has ended is removed before its answer is kept

  const named = (answer) => `${answer.key} ${answer.at}`;

  function answersOf(method, path, body) {
    const creates = method === "POST" && CREATES.exec(path);
    const changes = method === "PUT" && CHANGES.exec(path);
    if (!creates && !changes && !(method === "POST" && path === BULK)) return [];
    const content = JSON.parse(body);
    const about = { person, at: Date.now() + Math.random() };
    const made = ({ status, values, record_id: record }, id) => ({ ...about, status, values, record: id ?? record });
    if (changes) {
      return [{ ...about, key: `response ${changes[1]}`, response: changes[1], status: content.status, values: content.values }];
    }
    const answers = creates ? [made(content, creates[1])] : content.items.map((item) => made(item));
    return answers.map((answer) => ({ ...answer, key: `record ${person} ${answer.record}` }));
  }

  async function settle(answers, status) {
    if (status >= 200 && status < 300) {
      await forget(answers);
      if (serverAway) sendAgainAt = 0;
      serverAway = false;
    } else if (status === 401) signInEnded = true;
    else if (status === 0 || status >= 500 || status === 429) serverAway = true;
    else if (status !== 409) await refuse(answers, status); // 409: answered in another tab; sent again as a change
    for (const answer of answers) flying.delete(named(answer));
    await look();
  }

  async function refuse(answers, status) {
    await forget(answers);
    refused = { count: answers.length, status, until: Date.now() + 5 * SAID_FOR };
  }

  const calls = new WeakMap();
  const { open, send } = XMLHttpRequest.prototype;

  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    calls.set(this, { method: method.toUpperCase(), path: new URL(url, document.baseURI).pathname });
    return open.call(this, method, url, ...rest);
  };

  XMLHttpRequest.prototype.send = function (body) {
    const { method, path } = calls.get(this) ?? {};
    person = signedIn().person ?? person;
    const answers = typeof body === "string" && method ? answersOf(method, path, body) : [];
    if (answers.length) {
      for (const answer of answers) flying.add(named(answer));
      const stored = keep(answers).catch((error) => console.error("an answer could not be kept", error));
      this.addEventListener("loadend", () => stored.then(() => settle(answers, this.status)));
      // A server that does not answer at all is one that is away.
      setTimeout(() => stored.then(look), EVERY);
    }
    return send.call(this, body);
  };

  // ---- What is sent again.

  let serverAway = false;
  let signInEnded = false;
  let refused = { count: 0, status: 0, until: 0 };
  let saved = { count: 0, until: 0 };
  let sendAgainAt = 0;
  let pause = EVERY;
  let sending = false;

  async function again(answer, token) {
    const { status, values } = answer;
    const headers = { "Content-Type": "application/json", Authorization: token };
    const [method, url, body] = answer.response
      ? ["PUT", `${base}/api/v1/responses/${answer.response}`, { status, values }]
      : ["POST", BULK, { items: [{ record_id: answer.record, status, values }] }];
    try {
      const reply = await fetch(url, { method, headers, body: JSON.stringify(body) });
      if (!reply.ok || answer.response) return reply.status;
      return (await reply.json()).items[0].error ? 422 : reply.status;
    } catch {
      return 0;
    }
  }

  async function sendAll(answers, token) {
    let count = 0;
    for (const answer of answers) {
      const status = await again(answer, token);
      if (status >= 200 && status < 300) {
        await forget([answer]);
        serverAway = signInEnded = false;
        count += 1;
      } else if (status === 401) {
        signInEnded = true;
        break;
      } else if (status === 0 || status >= 500 || status === 429) {
        serverAway = true;
        break;
      } else await refuse([answer], status);
    }
    if (count) saved = { count, until: Date.now() + SAID_FOR };
    pause = serverAway || signInEnded ? Math.min(2 * pause, LONGEST_PAUSE) : EVERY;
    sendAgainAt = Date.now() + pause;
  }

  let lastToken = null;

  async function look() {
    const all = (await kept()).filter((answer) => !flying.has(named(answer)) || Date.now() - answer.at > EVERY);
    const { person: who, token } = signedIn();
    if (token !== lastToken) [lastToken, signInEnded, sendAgainAt, pause] = [token, false, 0, EVERY];
    const mine = all.filter((answer) => answer.person === who && !flying.has(named(answer)));
    if (mine.length && token && !signInEnded && !sending && Date.now() >= sendAgainAt) {
      sending = true;
      // One tab at a time, where the browser knows how; twice is no harm.
      const work = () => sendAll(mine, token);
      try {
        await (navigator.locks ? navigator.locks.request(`sharegpt-answers${base}`, work) : work());
      } finally {
        sending = false;
      }
      return look();
    }
    say(all, who);
  }

  // ---- What is said. The line takes no clicks, so that it is in nobody's way.

  const line = document.createElement("div");
  line.id = "sharegpt-unsaved";
  line.setAttribute("role", "status");
  line.style.cssText =
    "position:fixed;top:8px;left:50%;transform:translateX(-50%);z-index:10000;width:max-content;max-width:min(92vw,560px);" +
    "padding:8px 16px;border-radius:8px;font:14px/1.4 sans-serif;color:#fff;pointer-events:none;box-sizing:border-box";

  const many = (count) => (count === 1 ? "1 answer" : `${count} answers`);

  function message(all, who) {
    const mine = all.filter((answer) => answer.person === who);
    const others = all.filter((answer) => answer.person !== who);
    if (mine.length && !signInEnded) {
      return `Not saved: ${many(mine.length)}. The server does not answer. This browser keeps what is not saved and sends it again by itself.`;
    }
    if (all.length) {
      const names = [...new Set((mine.length ? mine : others).map((answer) => answer.person))].join(", ");
      return `Not saved: ${many(all.length)}. The sign-in of ${names} has ended. What is not saved is sent as soon as ${names} signs in here again.`;
    }
    const now = Date.now();
    if (refused.until > now) return `Not saved: the server refused ${many(refused.count)} (${refused.status}).`;
    return saved.until > now ? `Saved: ${many(saved.count)}.` : "";
  }

  function say(all, who) {
    const text = message(all, who);
    line.style.background = text.startsWith("Saved") ? "#1d6b3a" : "#a61b1b";
    if (line.textContent !== text) line.textContent = text;
    line.hidden = text === "";
    if (!line.isConnected) document.body?.append(line);
  }

  setInterval(() => look().catch((error) => console.error(error)), 1000);
  addEventListener("online", () => ((sendAgainAt = 0), look()));
})();
