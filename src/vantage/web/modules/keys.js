// Single keys and two-key ways ("g l"), read from data-keys of links and buttons; `?` opens the list.
let first = "";
let timer;

export const typing = (element) => element?.matches?.('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]');

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog:modal")) return;
  if (event.key === "?") return act(event, () => document.getElementById("key-help")?.showModal());
  if (event.key === "/") return act(event, () => document.querySelector("[data-focus-key='/']")?.focus());
  if (event.key.length !== 1) return;

  const keys = first ? `${first} ${event.key}` : event.key;
  const found = [...document.querySelectorAll("[data-keys]")].find((element) => element.dataset.keys === keys);
  clearTimeout(timer);
  first = "";
  if (found) return act(event, () => found.click());
  if (event.key === "c" && document.body.dataset.newUrl) return act(event, () => location.assign(document.body.dataset.newUrl));
  if (document.querySelector(`[data-keys^="${CSS.escape(event.key)} "]`)) {
    first = event.key;
    timer = setTimeout(() => (first = ""), 1200);
  }
});

function act(event, what) {
  event.preventDefault();
  what();
}
