// Measures the active time on each record and question of Argilla 2.8's annotation page, and says so on the page.
//
// Time counts while the tab is visible, its window has the focus, and the person did something (pointer, key,
// scroll, touch) within the idle cut-off. What is posted: record ids, names of questions, seconds. Nothing else.
(() => {
  "use strict";

  const { url, idle, more } = document.currentScript.dataset;
  const IDLE = Number(idle) * 1000;
  const LOOK_EVERY = 200;
  const SEND_EVERY = 60_000;
  const RETRY_AFTER = 10_000;
  // A focus that moves this soon after a key or a click was moved by it; else the page moved it on its own.
  const GESTURE = 1000;
  const MOST_RECORDS = 50;
  const NOTICE = `While this page is in front of you and in use, the time you spend on each record and question is
    counted. Of a pause, the first ${Number(idle)} seconds count at most. No keys and no texts are recorded. You, the
    owner and the admins of the workspace see the times with your name; they are on the dashboard and in exports.`;

  let times = new Map(); // record id -> { token, seconds, questions: { name: seconds } }
  let record = null;
  let question = null;
  let token = null;
  let attended = false;
  let lastActive = -Infinity;
  let lastGesture = -Infinity;
  let lastSent = performance.now();
  let counted = performance.now();
  let sending = false;
  let retryAt = -Infinity;

  // The form of the questions is a Vue component that has the record. It keeps the last one when the queue is empty,
  // and in the list view it means many: then no single record is shown.
  function shownRecord() {
    if (!document.querySelector(".record--focus")) return null;
    return document.querySelector("form.questions-form")?.__vue__?.record?.id || null;
  }

  function questionOf(target) {
    const label = target instanceof Element && target.closest('[aria-label^="Question: "]');
    return label ? label.getAttribute("aria-label").slice("Question: ".length) : null;
  }

  function add(to, key, of, seconds) {
    const entry = times.get(key) || { token: to, seconds: 0, questions: {} };
    entry.seconds += seconds;
    if (of !== null) entry.questions[of] = (entry.questions[of] || 0) + seconds;
    times.set(key, entry);
  }

  // Adds what went by since the last call to what was shown and in use meanwhile.
  function count() {
    const now = performance.now();
    const until = Math.min(now, lastActive + IDLE);
    if (attended && record !== null && until > counted) add(token, record, question, (until - counted) / 1000);
    counted = now;
  }

  function look() {
    count();
    placeNotice();
    const inFront = document.visibilityState === "visible" && document.hasFocus();
    if (inFront && !attended) lastActive = counted; // somebody just came, or came back
    attended = inFront;
    const shown = shownRecord();
    if (shown !== record) {
      record = shown;
      question = null;
      lastGesture = -Infinity;
      // Of the person who sees the record: after signing out there is none any more.
      if (record !== null) token = localStorage.getItem("auth._token.local");
      notice.hidden = record === null;
      send();
    }
    if (!attended || counted - lastSent > SEND_EVERY) send();
  }

  function acted(event) {
    if (!event.isTrusted) return;
    const now = performance.now();
    if (now > lastActive + IDLE) look(); // so that the pause before does not count
    lastActive = now;
  }

  function gestured(event) {
    acted(event);
    if (!event.isTrusted) return;
    look();
    lastGesture = performance.now();
    const touched = questionOf(event.target);
    if (touched !== null || event.type === "pointerdown") question = touched;
  }

  function focused(event) {
    look();
    const touched = questionOf(event.target);
    if (touched !== null && performance.now() - lastGesture < GESTURE) question = touched;
  }

  function rounded(seconds) {
    return Math.round(seconds * 1000) / 1000;
  }

  function send(leaving = false) {
    lastSent = performance.now();
    if (times.size === 0 || (!leaving && (sending || lastSent < retryAt))) return;
    const all = [...times].slice(0, MOST_RECORDS);
    const batch = all.filter(([, entry]) => entry.token === all[0][1].token);
    for (const [key] of batch) times.delete(key);
    const whose = batch[0][1].token;
    if (!whose || whose === "false") return;
    const body = {
      times: batch.map(([key, entry]) => ({
        record: key,
        seconds: rounded(entry.seconds),
        questions: Object.fromEntries(Object.entries(entry.questions).map(([name, s]) => [name, rounded(s)])),
      })),
    };
    if (leaving && !("keepalive" in Request.prototype)) {
      navigator.sendBeacon(url, JSON.stringify({ ...body, token: whose }));
      return;
    }
    sending = true;
    fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: whose },
      body: JSON.stringify(body),
      keepalive: true,
    })
      .then((answer) => answer.status >= 500 && keep(batch))
      .catch(() => keep(batch))
      .finally(() => {
        sending = false;
      });
  }

  // What did not arrive is sent with the next batch; what the server refused is not.
  function keep(batch) {
    retryAt = performance.now() + RETRY_AFTER;
    for (const [key, entry] of batch) {
      const there = times.get(key);
      if (there) {
        there.seconds += entry.seconds;
        for (const [name, s] of Object.entries(entry.questions)) {
          there.questions[name] = (there.questions[name] || 0) + s;
        }
      } else {
        times.set(key, entry);
      }
    }
  }

  function makeNotice() {
    const made = document.createElement("details");
    made.id = "sharegpt-active-time";
    made.hidden = true;
    made.style.cssText = "margin:8px 4px;font:12px/1.5 sans-serif;color:var(--fg-secondary, #777)";
    const summary = document.createElement("summary");
    summary.textContent = "Active time is measured";
    summary.style.cssText = "cursor:pointer";
    const text = document.createElement("p");
    text.textContent = NOTICE;
    text.style.cssText = "margin:8px 0";
    const link = document.createElement("a");
    link.textContent = "What is counted and kept";
    link.href = more;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    made.append(summary, text, link);
    // A click on it is none on the form, which would answer by moving to a question.
    for (const name of ["click", "keydown"]) made.addEventListener(name, (event) => event.stopPropagation());
    return made;
  }

  // In the flow of the page, below the buttons of the form: there it covers nothing. The page may draw the form anew.
  function placeNotice() {
    const form = document.querySelector("form.questions-form");
    if (form !== null && notice.parentElement !== form) form.append(notice);
  }

  const notice = makeNotice();
  const quietly = { capture: true, passive: true };
  for (const name of ["pointermove", "wheel", "scroll", "touchmove", "input"]) {
    addEventListener(name, acted, quietly);
  }
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, gestured, quietly);
  addEventListener("focusin", focused, quietly);
  document.addEventListener("visibilitychange", look);
  for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, look);
  addEventListener("pagehide", () => {
    look();
    attended = false;
    send(true);
  });
  setInterval(look, LOOK_EVERY);
})();
