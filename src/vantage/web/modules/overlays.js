// Menus (popover) and dialogs: placing, opening, closing, arrow keys.
const GAP = 4;

function place(menu) {
  const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = at.bottom + GAP + size.height <= innerHeight || at.top < size.height;
  const left = menu.dataset.align === "end" ? at.right - size.width : at.left;
  menu.style.top = `${below ? at.bottom + GAP : at.top - GAP - size.height}px`;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
}

const items = (menu) => [...menu.querySelectorAll('[role^="menuitem"]:not(:disabled)')];

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("[popover]")) return;
  const open = event.newState === "open";
  for (const button of document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"][aria-expanded]`)) button.setAttribute("aria-expanded", String(open));
  if (open && menu.matches("[data-menu]")) {
    place(menu);
    items(menu)[0]?.focus({ preventScroll: true });
  }
}, true);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("[data-menu]");
  if (!menu) return;
  const all = items(menu);
  const here = all.indexOf(document.activeElement);
  const next = { ArrowDown: (here + 1) % all.length, ArrowUp: (here - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    all[next]?.focus();
  } else if (event.key === "Tab") menu.hidePopover();
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
    all.find((item, index) => index > here && item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
});

document.addEventListener("click", (event) => {
  const item = event.target.closest?.('[role^="menuitem"]');
  if (item) item.closest("[popover]")?.hidePopover();
  const opener = event.target.closest?.("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
  if (event.target.closest?.("[data-dialog-close]")) event.target.closest("dialog")?.close();
  // A press on the dialog element itself is one on its backdrop, since its box fills it.
  if (event.target.matches?.("dialog[open]") && !inside(event, event.target)) event.target.close();
});

const inside = (event, dialog) => {
  const box = dialog.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
};

// What is loaded into #modal-body or #sheet-body opens; `HX-Trigger: vantage:close` closes.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const target = typeof ctx?.target === "string" ? document.querySelector(ctx.target) : ctx?.target;
  const host = target?.closest?.("dialog[data-host]");
  if (host && !host.open && target.childElementCount) host.showModal();
});

document.addEventListener("vantage:close", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));
