// The panel's first page: asks for the State once a second, draws it, and asks the box to do things.
// No secret is kept here: the session is a cookie that scripts cannot read.

const STATE_EVERY_MS = 1000;
const PICTURE_EVERY_MS = 200;
const NO_PICTURE_EVERY_MS = 1000;
const STRANGER_EVERY_MS = 5000;
const SURE_MS = 4000;

const $ = (id) => document.getElementById(id);
let state = null;
let clockSkewS = 0;
let sureUntil = 0;
let busy = false;
let answered = true;

const ROWS = { game: "Game", sound: "Sound", tiktok: "TikTok", internet: "Internet" };
const MARKS = { ok: "\u2713", warn: "!", bad: "\u2715", unknown: "\u00b7" };
const STATE_WORDS = { ok: "fine", warn: "look at this", bad: "missing", unknown: "not known yet" };
const HEALTH = {
  good: "Good", fair: "Fair", bad: "Bad", unknown: "Not known",
};
const CAUSES = {
  "internet-slow": "Your internet is slow: picture made simpler, sound untouched.",
  "too-hot": "The box is hot: give it air. The picture may be made simpler.",
  "under-voltage": "The power supply is too weak: use the one made for the box.",
  "connection-lost": "The connection is gone.",
  "encoder-slow": "The box is too slow for this picture size.",
  "encoder-fault": "The encoder has a fault.",
  "no-picture": "No picture from the console: viewers see a slate.",
  "black-picture": "The console sends a black picture.",
  "no-sound": "There is no sound.",
  "recording": "The recording stopped. The stream goes on.",
  "engine-not-running": "",
};

function words(live) {
  const now = Date.now() / 1000 + clockSkewS;
  const waits = live["retry-at"] ? Math.max(0, Math.round(live["retry-at"] - now)) : 0;
  const row = (name) => state.readiness.find((one) => one.name === name);
  // What a person should mend first: the key, then the picture.
  const wrong = [row("tiktok"), row("game")].find((one) => one.state === "bad" || one.state === "warn");
  switch (live.type) {
    case "off":
      if (!state.engine.connected) return { look: "is-busy", word: "Starting\u2026", hint: "" };
      return wrong ? { look: "is-busy", word: "Almost ready", hint: wrong.text } : { look: "is-ready", word: "Ready", hint: "Press GO LIVE when you are." };
    case "preparing": return { look: "is-busy", word: "Getting ready\u2026", hint: "" };
    case "connecting": return { look: "is-busy", word: waits ? `Trying again in ${waits} s` : "Connecting\u2026", hint: text(live.problem) };
    case "on-air": return { look: "is-live", word: "LIVE", clock: now - live["since-at"], hint: healthHint() };
    case "reconnecting": return { look: "is-busy", word: waits ? `Reconnecting in ${waits} s` : "Reconnecting\u2026", hint: text(live.problem) || "Your LIVE is kept open." };
    case "needs-key": return { look: "is-bad", word: "New key needed", hint: text(live.problem) };
    case "ending": return { look: "is-busy", word: "Ending\u2026", hint: "" };
    default: return { look: "", word: live.type, hint: "" };
  }
}

const text = (problem) => (problem ? problem.text : "");

function healthHint() {
  const health = state.health;
  const cause = CAUSES[health.cause] || "";
  return cause || `${HEALTH[health.verdict]}.`;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function drawStatus() {
  if (!state) return;
  const said = answered ? words(state.live) : { look: "is-bad", word: "No answer", hint: "The box does not answer. Trying again. A live goes on without this page." };
  const status = $("status");
  if (status.className !== said.look) status.className = said.look;
  put("word", said.word);
  put("clock", said.clock === undefined ? "" : clock(said.clock));
  put("hint", said.hint);
  document.title = said.word === "LIVE" ? "LIVE \u00b7 Plugcast" : "Plugcast";
  drawButton();
}

function drawButton() {
  const go = $("go");
  const live = state.live.type;
  const isOff = live === "off" || live === "ending";
  const sure = Date.now() < sureUntil;
  go.textContent = isOff ? "GO LIVE" : sure ? "TAP AGAIN TO END" : "END";
  go.className = isOff ? "" : sure ? "sure" : "end";
  go.disabled = busy || !answered || live === "ending";
}

function drawReadiness() {
  const list = $("readiness");
  for (const row of state.readiness) {
    let item = list.querySelector(`[data-name="${row.name}"]`);
    if (!item) {
      item = make("li", "");
      item.dataset.name = row.name;
      item.append(make("span", "mark"), make("span", "what"), make("span", "text"));
      list.append(item);
    }
    item.className = row.state;
    const [mark, what, said] = item.children;
    mark.textContent = MARKS[row.state];
    mark.title = STATE_WORDS[row.state];
    what.textContent = ROWS[row.name];
    if (said.firstChild?.nodeValue !== row.text) said.replaceChildren(row.text);
    if (row.name === "sound") drawMeter(item);
  }
}

function drawMeter(item) {
  let meter = item.querySelector(".meter");
  if (!meter) {
    meter = make("span", "meter");
    meter.append(document.createElement("i"));
    meter.setAttribute("aria-hidden", "true");
  }
  const said = item.children[2];
  if (meter.parentNode !== said) said.append(meter);
  const peak = Math.max(...state.audio["levels-db"]);
  meter.firstChild.style.transform = `scaleX(${Math.min(1, Math.max(0, (peak + 60) / 60))})`;
}

function drawProblems() {
  const isNote = (problem) => problem.code === "not-in-this-version";
  const said = text(state.live.problem);
  drawCards("problems", "problem", state.problems.filter((problem) => !isNote(problem) && problem.text !== said));
  drawCards("notes", "problem note", state.problems.filter(isNote));
}

function drawCards(id, className, problems) {
  const known = problems.map((problem) => problem.code + problem.text + problem.hints).join("\n");
  const box = $(id);
  if (box.dataset.known === known) return;
  box.dataset.known = known;
  box.replaceChildren(...problems.map((problem) => {
    const card = make("div", className);
    const words = make("div", "");
    words.append(make("p", "", problem.text));
    if (problem.hints?.length) {
      const hints = make("ul", "hints");
      hints.append(...problem.hints.map((hint) => make("li", "", hint)));
      words.append(hints);
    }
    card.append(words);
    return card;
  }));
}

function drawPaste() {
  const tiktok = state.readiness.find((row) => row.name === "tiktok");
  const wanted = state.live.type === "needs-key" || tiktok?.state === "bad";
  put("paste-title", wanted ? "Paste today's key" : "Change the key");
  const paste = $("paste");
  paste.classList.toggle("wanted", wanted);
  if (paste.dataset.wanted !== String(wanted)) {
    paste.dataset.wanted = String(wanted);
    if (wanted) paste.open = true;
    else if (!$("paste-text").value) paste.open = false;
  }
}

function drawNumbers() {
  const { encoder, signal, destinations, engine, canvas } = state;
  const rows = [
    ["Console", signal.mode || "\u2014"],
    ["Picture sent", encoder.width ? `${encoder.width}x${encoder.height}, ${encoder.fps.toFixed(1)} fps` : "\u2014"],
    ["Encoder", encoder.name || "\u2014"],
    ["Rate", encoder.kbps ? `${encoder.kbps} of ${encoder["target-kbps"]} kb/s` : "\u2014"],
    ["Frames composed", String(canvas.composed)],
    ["Engine memory", engine["memory-mb"] ? `${engine["memory-mb"].toFixed(0)} MB` : "\u2014"],
  ];
  for (const d of destinations) {
    const facts = d.state === "publishing" ? `${d.kbps} kb/s, ${d["backlog-ms"]} ms waiting, ${d["dropped-frames"]} dropped` : d.state;
    rows.push([d.name === "tiktok" ? "TikTok" : d.name, facts]);
  }
  rows.push(["Version", state.update.version]);
  const list = $("numbers");
  while (list.children.length > rows.length * 2) list.lastChild.remove();
  rows.forEach(([name, value], i) => {
    while (list.children.length < i * 2 + 2) list.append(make("dt", ""), make("dd", ""));
    list.children[i * 2].textContent = name;
    list.children[i * 2 + 1].textContent = value;
  });
}

function drawPictures() {
  const viewer = Boolean(state.demo && state.demo.viewer);
  $("viewer-figure").hidden = !viewer;
  $("pictures").classList.toggle("two", viewer);
}

function draw() {
  put("name", state.name);
  document.body.classList.toggle("stale", !answered);
  drawStatus();
  drawReadiness();
  drawProblems();
  drawPaste();
  drawNumbers();
  drawPictures();
}

function put(id, value) {
  const element = $(id);
  if (element.textContent !== value) element.textContent = value;
}

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}

function show(view) {
  $("pairing").hidden = view !== "pairing";
  $("home").hidden = view !== "home";
  $("bar").hidden = view !== "home";
}

async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { ok: answer.ok, status: answer.status, body: await answer.json() };
}

async function act(command) {
  busy = true;
  drawButton();
  try {
    const answer = await send("/api/do", command);
    await readState();
    return answer;
  } catch {
    return { ok: false, status: 0, body: { code: "", text: "The box does not answer. Try again." } };
  } finally {
    busy = false;
    drawButton();
  }
}

async function readState() {
  try {
    const answer = await fetch("/api/state", { signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) {
      show("pairing");
      return;
    }
    state = await answer.json();
    clockSkewS = state.at - Date.now() / 1000;
    answered = true;
    show("home");
  } catch {
    answered = false;
  }
  if (state) draw();
}

async function go() {
  put("bar-answer", "");
  const live = state.live.type;
  if (live === "off") {
    const answer = await act({ do: "go-live" });
    if (!answer.ok) {
      put("bar-answer", answer.body.text);
      if (answer.status === 424) openPaste();
    }
  } else if (Date.now() < sureUntil) {
    sureUntil = 0;
    await act({ do: "end-live" });
  } else {
    sureUntil = Date.now() + SURE_MS;
    drawButton();
    setTimeout(drawButton, SURE_MS + 50);
  }
}

function openPaste() {
  $("paste").open = true;
  $("paste-text").focus();
  $("paste").scrollIntoView({ block: "center" });
}

async function usePaste(event) {
  event.preventDefault();
  put("bar-answer", "");
  const answer = await act({ do: "paste-key", text: $("paste-text").value });
  if (!answer.ok) {
    put("paste-answer", answer.body.text);
    return;
  }
  $("paste-text").value = "";
  const { "took-server": server, "took-key": key } = answer.body;
  const took = server && key ? "Server and key are in." : key ? "The key is in." : "The server URL is in.";
  put("paste-answer", took);
  put("bar-answer", "");
  setTimeout(() => { put("paste-answer", ""); }, 6000);
  drawPaste();
}

// One picture after the other, never two at once; a hidden page asks for none, so the box makes none.
async function watch(path, imageId, wanted) {
  const image = $(imageId);
  const none = $(`${imageId}-none`);
  for (;;) {
    let pause = NO_PICTURE_EVERY_MS;
    if (!document.hidden && state && answered && wanted()) {
      try {
        const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
        if (answer.ok) {
          await drawPicture(image, await answer.blob());
          pause = PICTURE_EVERY_MS;
        }
        image.hidden = !answer.ok;
        none.hidden = answer.ok;
      } catch {
        image.hidden = true;
        none.hidden = false;
      }
    }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

async function drawPicture(image, blob) {
  const url = URL.createObjectURL(blob);
  const before = image.src;
  image.src = url;
  await image.decode();
  if (before) URL.revokeObjectURL(before);
  image.parentNode.classList.toggle("wide", image.naturalWidth > image.naturalHeight);
}

async function pair() {
  const token = location.hash.slice(1);
  if (!token) return;
  // The token works once; it must not stay in the address bar or in the history.
  history.replaceState(null, "", location.pathname);
  try {
    const answer = await send("/api/pair", { token });
    if (!answer.ok) put("pairing-text", answer.body.text);
  } catch {
    put("pairing-text", "The box does not answer. Reload this page in a moment.");
  }
}

async function main() {
  await pair();
  $("go").addEventListener("click", go);
  $("paste-form").addEventListener("submit", usePaste);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) readState(); });
  watch("/api/preview.jpg", "preview", () => true);
  watch("/api/viewer.jpg", "viewer", () => Boolean(state.demo && state.demo.viewer));
  setInterval(drawStatus, 250);
  for (;;) {
    if (!document.hidden) await readState();
    const pause = $("pairing").hidden ? STATE_EVERY_MS : STRANGER_EVERY_MS;
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

main();
