// A phone: it registers its number over a WebSocket and shows what the carrier tells it.
// Everything it knows of a call comes from there, so a reload or a lost connection changes nothing.

const byId = (id) => document.getElementById(id);
const phone = byId("phone");
const TAKEN_OVER = 4409;
const BAD_NUMBER = 4400;
const LONGEST_WAIT = 8000;

let socket = null;
let number = "";
let attempts = 0;
let retry = 0;
let screen = "number";
let lines = [];
let startedAt = 0;
let ticking = 0;

// --- screens ---------------------------------------------------------------------------------

const FOCUS = { number: "number", ringing: "answer", talking: "say", ended: "done", elsewhere: "take-over" };

function show(next) {
  const changed = next !== screen;
  screen = next;
  phone.dataset.screen = next;
  document.title = { ringing: "Ringing… · Handset", talking: "In a call · Handset" }[next] ?? "Handset";
  if (changed && FOCUS[next]) byId(FOCUS[next]).focus();
  if (next === "ringing") startTone(); else stopTone();
  if (next !== "talking") clearInterval(ticking);
}

function pretty(e164) {
  const match = /^\+91(\d{5})(\d{5})$/.exec(e164);
  if (match) return `+91 ${match[1]} ${match[2]}`;
  return e164 || "Unknown number";
}

function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function lineElement(line) {
  const item = document.createElement("li");
  item.className = `line line--${line.who}`;
  item.classList.toggle("line--open", !line.done);
  item.classList.toggle("line--cut", Boolean(line.cut));
  item.textContent = line.who === "key" ? `Pressed ${line.text}` : line.text;
  return item;
}

function drawLine(line) {
  const list = byId("words");
  const fresh = lineElement(line);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (list.children[line.id]) list.children[line.id].replaceWith(fresh); else list.append(fresh);
  lines[line.id] = line;
  if (atEnd || line.who === "me") list.scrollTop = list.scrollHeight;
  // Read aloud once, when the sentence is whole, not word by word.
  if (line.who === "them" && line.done) byId("spoken").textContent = line.text;
}

function drawCall(state) {
  lines = [];
  byId("words").replaceChildren();
  byId("words").dataset.empty = "Connected.";
  byId("talking-title").textContent = pretty(state.from);
  for (const line of state.lines) drawLine(line);
  startedAt = Date.now() - state.seconds * 1000;
  clearInterval(ticking);
  const tick = () => { byId("clock").textContent = duration((Date.now() - startedAt) / 1000); };
  tick();
  ticking = setInterval(tick, 1000);
}

function drawEnd(message) {
  byId("ended-title").textContent = message.answered ? "Call ended" : "Missed call";
  byId("ended-time").textContent = message.answered ? duration(message.seconds) : "";
  const who = { you: "You hung up.", them: "The caller hung up.", network: "The call was disconnected." }[message.by];
  const unanswered = message.by === "you" ? "You declined." : "The caller gave up.";
  byId("ended-why").textContent = `${message.answered ? who : unanswered} ${message.why ? `(${message.why})` : ""}`.trim();
  byId("ended-words").replaceChildren(...lines.map((line) => lineElement({ ...line, done: true })));
  byId("ended-words").dataset.empty = message.answered ? "Nothing was said." : "";
}

// --- the carrier -----------------------------------------------------------------------------

function connect(wanted) {
  clearTimeout(retry);
  number = wanted;
  if (socket) { socket.onclose = null; socket.close(); }
  const address = new URL("ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("number", wanted);
  socket = new WebSocket(address);
  link(attempts ? "Reconnecting" : "Connecting", "");
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = (event) => lost(event.code);
}

function lost(code) {
  socket = null;
  if (code === BAD_NUMBER) return link("", "");
  if (code === TAKEN_OVER) { link("", ""); notice(""); return show("elsewhere"); }
  attempts += 1;
  const wait = Math.min(LONGEST_WAIT, 300 * 2 ** attempts);
  link("Offline", "no");
  notice("The carrier does not answer. The handset reconnects by itself.");
  retry = setTimeout(() => connect(number), wait);
  return undefined;
}

function receive(message) {
  if (message.type === "refused") {
    number = "";
    byId("number-error").textContent = message.why;
    byId("own-number").textContent = "";
    show("number");
  } else if (message.type === "state") {
    attempts = 0;
    link("Ready", "yes");
    notice("");
    number = message.number;
    remember(number);
    byId("own-number").textContent = pretty(number);
    byId("ringing-title").textContent = pretty(message.from);
    if (message.phase === "talking") { drawCall(message); link("In a call", "yes"); }
    // A call that ended while the page was away leaves its end on the screen until it is read.
    if (message.phase === "idle" && screen === "ended") return;
    show(message.phase);
  } else if (message.type === "line") {
    drawLine(message.line);
  } else if (message.type === "ended") {
    link("Ready", "yes");
    if (!message.answered) lines = [];
    drawEnd(message);
    show("ended");
  }
}

function send(act, value = "") {
  if (socket?.readyState !== WebSocket.OPEN) {
    notice("Not connected: that was not sent. Try again in a moment.");
    return false;
  }
  socket.send(JSON.stringify({ do: act, value }));
  return true;
}

function link(text, up) { byId("link").textContent = text; byId("link").dataset.up = up; }
function notice(text) { byId("notice").textContent = text; byId("notice").hidden = !text; }

// --- numbers used before ---------------------------------------------------------------------

const stored = () => { try { return JSON.parse(localStorage.getItem("handset.numbers")) ?? []; } catch { return []; } };

function remember(used) {
  const all = [used, ...stored().filter((one) => one !== used)].slice(0, 4);
  try { localStorage.setItem("handset.numbers", JSON.stringify(all)); } catch { /* private window */ }
  const address = new URL(location.href);
  address.searchParams.set("number", used);
  history.replaceState(null, "", address);
}

function offerRecent() {
  const all = stored();
  byId("recent").hidden = !all.length;
  byId("recent-list").replaceChildren(...all.map((one) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = pretty(one);
    button.addEventListener("click", () => connect(one));
    item.append(button);
    return item;
  }));
}

function changeNumber() {
  clearTimeout(retry);
  if (socket) { socket.onclose = null; socket.close(); socket = null; }
  attempts = 0;
  link("", "");
  notice("");
  byId("own-number").textContent = "";
  history.replaceState(null, "", location.pathname);
  offerRecent();
  show("number");
}

// --- the tone --------------------------------------------------------------------------------

let audio = null;
let tone = 0;

function startTone() {
  if (tone || !byId("sound").checked) return;
  audio ??= new AudioContext();
  const burst = () => {
    for (const frequency of [400, 450]) {
      const gain = audio.createGain();
      const source = audio.createOscillator();
      gain.gain.value = 0.06;
      source.frequency.value = frequency;
      source.connect(gain).connect(audio.destination);
      source.start(audio.currentTime);
      source.stop(audio.currentTime + 0.4);
      // India's ringing: two short tones, two seconds of silence.
      const second = audio.createOscillator();
      second.frequency.value = frequency;
      second.connect(gain);
      second.start(audio.currentTime + 0.6);
      second.stop(audio.currentTime + 1);
    }
  };
  burst();
  tone = setInterval(burst, 3000);
}

function stopTone() { clearInterval(tone); tone = 0; }

// --- the person's hands ----------------------------------------------------------------------

byId("number-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("number-error").textContent = "";
  const typed = byId("number").value.trim();
  if (!typed) { byId("number-error").textContent = "Type a mobile number, such as 98123 00001."; return; }
  connect(typed);
});
byId("change").addEventListener("click", changeNumber);
byId("elsewhere-change").addEventListener("click", changeNumber);
byId("take-over").addEventListener("click", () => connect(number));
byId("answer").addEventListener("click", () => send("answer"));
byId("decline").addEventListener("click", () => send("decline"));
byId("hangup").addEventListener("click", () => send("hangup"));
byId("done").addEventListener("click", () => show("idle"));
byId("sound").addEventListener("change", () => {
  // A browser lets a page sound only after a gesture: this is one.
  if (byId("sound").checked) { audio ??= new AudioContext(); audio.resume(); } else stopTone();
});
byId("say-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = byId("say").value.trim();
  if (words && send("say", words)) byId("say").value = "";
});
byId("keys").addEventListener("click", () => {
  const open = byId("pad").hidden;
  byId("pad").hidden = !open;
  byId("keys").setAttribute("aria-expanded", String(open));
});
for (const key of "123456789*0#") {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  button.setAttribute("aria-label", { "*": "Star", "#": "Hash" }[key] ?? key);
  button.addEventListener("click", () => send("press", key));
  byId("pad").append(button);
}
document.addEventListener("keydown", (event) => {
  if (screen === "ringing" && event.key === "Escape") send("decline");
  if (screen === "ringing" && event.key === "Enter" && event.target.tagName !== "BUTTON") send("answer");
});

offerRecent();
const asked = new URL(location.href).searchParams.get("number");
if (asked) { byId("number").value = asked.replace(/^\+91/, ""); connect(asked); } else byId("number").focus();
