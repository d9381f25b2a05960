// Tables by keyboard: j and k walk the rows, Enter opens the row's first link, x marks its check box.
import { typing } from "./keys.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog:modal")) return;
  if (!["j", "k", "x"].includes(event.key)) return;
  const rows = [...document.querySelectorAll("[data-rows] tbody tr")];
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  if (event.key === "x") return rows[here]?.querySelector('input[type="checkbox"]')?.click();
  const next = rows[Math.max(0, Math.min(rows.length - 1, here + (event.key === "j" ? 1 : -1)))];
  next?.querySelector("a, button, input")?.focus();
  if (next) event.preventDefault();
});

// A check box with data-all marks all boxes of its table and shows how many are marked.
document.addEventListener("change", (event) => {
  const table = event.target.closest?.("table[data-rows]");
  if (!table || event.target.type !== "checkbox") return;
  const boxes = [...table.querySelectorAll("tbody input[type='checkbox']")];
  if (event.target.dataset.all !== undefined) boxes.forEach((box) => (box.checked = event.target.checked));
  boxes.forEach((box) => box.closest("tr").setAttribute("aria-selected", String(box.checked)));
  const marked = boxes.filter((box) => box.checked).length;
  table.dispatchEvent(new CustomEvent("vantage:marked", { bubbles: true, detail: { marked } }));
  for (const bar of document.querySelectorAll("[data-marked-bar]")) {
    bar.hidden = marked === 0;
    const count = bar.querySelector("[data-marked-count]");
    if (count) count.textContent = String(marked);
  }
});
