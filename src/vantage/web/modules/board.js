// The pipeline board: drag with SortableJS, or by keyboard. One request per move; refused moves go back.
import Sortable from "sortablejs/modular/sortable.core.esm.js";

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const say = (detail) => document.dispatchEvent(new CustomEvent("vantage:toast", { detail }));
const words = document.getElementById("words").dataset;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const columns = (board) => [...board.querySelectorAll("[data-stage]")];
const cards = (column) => [...column.querySelectorAll("[data-card]")];

function start(board) {
  for (const list of board.querySelectorAll("[data-cards]")) {
    if (Sortable.get(list)) continue;
    Sortable.create(list, {
      group: board.id,
      sort: false, // cards are sorted by rule, never by hand
      draggable: "[data-card]:not([data-no-drag])",
      ghostClass: "is-ghost",
      animation: 120,
      forceFallback: true, // the same drag everywhere; the native one differs by browser and can't scroll the board
      fallbackOnBody: true,
      fallbackTolerance: 4,
      fallbackClass: "is-dragged",
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 4,
      scroll: board,
      onMove: ({ to }) => mark(board, to.closest("[data-stage]")),
      onStart: () => quiet(true),
      onUnchoose: () => setTimeout(quiet, 0, false),
      onEnd: ({ item, from, to, oldDraggableIndex, originalEvent }) => {
        mark(board, null);
        // A quick flick is let go before the list under it has noticed: the place of the pointer decides.
        const { clientX, clientY } = originalEvent?.changedTouches?.[0] ?? originalEvent ?? {};
        const under = clientX === undefined ? null : document.elementFromPoint(clientX, clientY)?.closest("[data-cards]");
        if (under && board.contains(under) && under !== to) (to = under).prepend(item);
        if (from !== to) move(board, item, from, to, oldDraggableIndex);
      },
    });
  }
}

// Letting go of a card is no click on its link.
const hush = (event) => {
  event.preventDefault();
  event.stopPropagation();
};
const quiet = (on) => (on ? addEventListener : removeEventListener)("click", hush, true);

function mark(board, column) {
  for (const other of columns(board)) other.classList.toggle("is-target", other === column);
}

function count(list, by) {
  const place = list.closest("[data-stage]").querySelector("[data-count]");
  const now = Number(place.textContent.replace(/\D/g, "")) + by;
  place.textContent = now.toLocaleString("en-IN");
}

// `card` already stands in `to`; the server decides whether it stays.
async function move(board, card, from, to, index) {
  const stage = to.closest("[data-stage]").dataset;
  const body = new URLSearchParams({ stage_id: stage.stage });
  if (card.dataset.version) body.set("version", card.dataset.version);
  const hadFocus = card.contains(document.activeElement);
  count(from, -1);
  count(to, 1);
  card.classList.add("is-saving");
  card.toggleAttribute("data-moving", true);
  let refused;
  try {
    const answer = await fetch(board.dataset.moveUrl.replace(/\{id\}|%7Bid%7D/, card.dataset.card), {
      method: "POST",
      body,
      headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", "HX-Target": `li#${card.id}`, Accept: "text/html" },
    });
    const text = await answer.text();
    if (answer.ok) {
      take(card, text);
      for (const [name, detail] of Object.entries(triggers(answer))) document.dispatchEvent(new CustomEvent(name, { detail }));
    } else refused = sentence(text);
  } catch {
    refused = words.offline;
  }
  card = document.getElementById(card.id) ?? card;
  card.classList.remove("is-saving");
  card.removeAttribute("data-moving");
  if (refused !== undefined) {
    from.insertBefore(card, cards(from)[index] ?? null);
    count(from, 1);
    count(to, -1);
    const name = from.closest("[data-stage]").dataset.stageName;
    say({ message: refused || fill(words.moveFailed, { name: card.dataset.name, stage: name }), tone: "error" });
  } else announce(board, fill(words.moved, { name: card.dataset.name, stage: stage.stageName }));
  if (hadFocus) focus(card);
}

// The server may answer with the card as it is now (new version, new next step); an empty answer keeps ours.
function take(card, text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(card.id);
  if (!fresh) return;
  const link = card.querySelector("a");
  card.className = fresh.className;
  for (const { name, value } of fresh.attributes) if (name.startsWith("data-")) card.setAttribute(name, value);
  link.replaceChildren(...fresh.querySelector("a").childNodes); // the link itself stays, and with it the focus
}

function triggers(answer) {
  try {
    return JSON.parse(answer.headers.get("HX-Trigger") ?? "{}");
  } catch {
    return {};
  }
}

function sentence(text) {
  try {
    const problem = JSON.parse(text);
    return [problem.detail ?? problem.title, problem.way_out].filter(Boolean).join(" ");
  } catch {
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-error]");
    return [...(found?.querySelectorAll("p") ?? [])].map((line) => line.textContent.trim()).join(" ");
  }
}

function announce(board, text) {
  let place = document.getElementById("board-said");
  if (!place) {
    place = Object.assign(document.createElement("p"), { id: "board-said", className: "sr-only" });
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}

function focus(card) {
  card.querySelector("a")?.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-card]");
  const board = card?.closest("[data-board]");
  if (!board || !event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const all = columns(board);
  const column = card.closest("[data-stage]");
  const x = all.indexOf(column);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  event.preventDefault();

  if (event.altKey) {
    const goal = step && all[x + step]?.querySelector("[data-cards]");
    if (!goal || card.hasAttribute("data-moving") || card.hasAttribute("data-no-drag")) return;
    const from = column.querySelector("[data-cards]");
    const index = cards(column).indexOf(card);
    goal.prepend(card);
    focus(card);
    return void move(board, card, from, goal, index);
  }
  if (step) {
    const y = cards(column).indexOf(card);
    for (let at = x + step; all[at]; at += step) {
      const there = cards(all[at]);
      if (there.length) return focus(there[Math.min(y, there.length - 1)]);
    }
  } else {
    const near = cards(column)[cards(column).indexOf(card) + (event.key === "ArrowDown" ? 1 : -1)];
    if (near) focus(near);
  }
});

const startAll = () => document.querySelectorAll("[data-board]").forEach(start);
startAll();
document.addEventListener("htmx:after:swap", startAll);
