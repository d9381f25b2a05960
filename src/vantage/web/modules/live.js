// One WebSocket per tab. The server tells what changed; places that show it ask for their fragment again.
//
//   → {"hello": <number of the last event seen, or null>}          ← {"seq": n} to begin with
//   ← {"seq": n, "topic": "lead.moved", "key": "<id>"}             numbered per organisation, without holes
//   ← {"beat": true} every 20 s                                    → {"beat": true}
//
// <div data-live="lead.* call.updated:{id}" hx-get="…"> shows: any event of a topic, or only of one key.
// It fires `vantage:refresh` on the element (name it in hx-trigger), or asks hx-get itself.
const { liveUrl, liveSeq } = document.body.dataset;
const SETTLE = 150; // ms in which a burst of events becomes one request
const SILENCE = 50_000; // ms without a word, beats included, after which the line counts as dead

const waiting = new Map();
const stale = new Set();
const note = document.querySelector("[data-live-note]");

function fits(pattern, { topic, key }) {
  const [wanted, id] = pattern.split(":");
  return (wanted === topic || (wanted.endsWith(".*") && topic.startsWith(wanted.slice(0, -1)))) && (!id || id === key);
}

function refresh(element) {
  if (!element.isConnected) return;
  stale.delete(element);
  element.dispatchEvent(new CustomEvent("vantage:refresh"));
  if (element.getAttribute("hx-trigger")?.includes("vantage:refresh") || !element.hasAttribute("hx-get")) return;
  window.htmx.ajax("GET", element.getAttribute("hx-get"), { source: element, target: element, swap: element.getAttribute("hx-swap") ?? "outerMorph" });
}

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.toggleAttribute("data-live-seen", isIntersecting);
    if (isIntersecting && stale.has(target) && !document.hidden) refresh(target);
  }
});

const watch = () => document.querySelectorAll("[data-live]").forEach((element) => seen.observe(element));

function changed(event) {
  document.dispatchEvent(new CustomEvent("vantage:live", { detail: event }));
  for (const element of document.querySelectorAll("[data-live]")) {
    if (!element.dataset.live.split(/\s+/).some((pattern) => fits(pattern, event))) continue;
    stale.add(element);
    if (document.hidden || !element.hasAttribute("data-live-seen")) continue;
    clearTimeout(waiting.get(element));
    waiting.set(element, setTimeout(() => refresh(element), SETTLE));
  }
}

function everything() {
  for (const element of document.querySelectorAll("[data-live]")) {
    stale.add(element);
    if (element.hasAttribute("data-live-seen") && !document.hidden) refresh(element);
  }
}

function connect(url, last) {
  let socket;
  let tries = 0;
  let silence;
  let told;

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENCE);
  };

  const open = () => {
    if (socket && socket.readyState < WebSocket.CLOSING) return;
    socket = new WebSocket(new URL(url, location.href.replace(/^http/, "ws")));
    socket.onopen = () => {
      tries = 0;
      clearTimeout(told);
      if (note) note.hidden = true;
      socket.send(JSON.stringify({ hello: last }));
      heard();
    };
    socket.onmessage = ({ data }) => {
      heard();
      const event = JSON.parse(data);
      if (event.beat) return socket.send(JSON.stringify({ beat: true }));
      if (event.reload) return gap(event.seq);
      if (typeof event.seq !== "number") return;
      if (!event.topic) return event.seq > (last ?? event.seq) ? gap(event.seq) : void (last = event.seq);
      if (last !== null && event.seq <= last) return; // heard already
      if (last !== null && event.seq > last + 1) return gap(event.seq);
      last = event.seq;
      changed(event);
    };
    socket.onclose = ({ code }) => {
      clearTimeout(silence);
      if (code === 4401 || code === 4403) return location.reload(); // no longer allowed: the server shows where to go
      // Half a second at first, half a minute at most, never all tabs at once.
      const wait = Math.min(30_000, 500 * 2 ** tries++) * (0.5 + Math.random() / 2);
      if (note) told = setTimeout(() => (note.hidden = false), 1200);
      setTimeout(open, wait);
    };
  };

  // Events are missing: what they changed is unknown, so everything shown is asked for again.
  const gap = (seq) => {
    last = seq;
    everything();
  };

  addEventListener("online", open);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    open();
    for (const element of [...stale]) if (element.hasAttribute("data-live-seen")) refresh(element);
  });
  open();
}

document.addEventListener("vantage:changed", everything);
document.addEventListener("htmx:after:swap", watch);
watch();
if (liveUrl) connect(liveUrl, liveSeq === undefined ? null : Number(liveSeq));
