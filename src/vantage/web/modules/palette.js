// Ctrl+K: pages filtered here, leads found by the server, one list to walk with the arrows.
const palette = document.getElementById("palette");

if (palette) {
  const input = palette.querySelector("input");
  const found = palette.querySelector("#palette-found");
  const options = () => [...palette.querySelectorAll('[role="option"]:not([hidden])')];
  let count = 0;

  const open = () => {
    if (palette.open) return palette.close();
    palette.showModal();
    input.select();
    filter();
  };

  const select = (option) => {
    for (const other of palette.querySelectorAll('[aria-selected="true"]')) other.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.id ||= `palette-option-${++count}`;
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };

  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    if (!wanted) found.replaceChildren();
    const pages = palette.querySelector("[data-palette-pages]");
    for (const option of pages.querySelectorAll('[role="option"]')) option.hidden = !option.textContent.toLowerCase().includes(wanted);
    pages.hidden = ![...pages.querySelectorAll('[role="option"]')].some((option) => !option.hidden);
    select(options()[0]);
    palette.querySelector("[data-palette-empty]").hidden = options().length > 0;
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette-open]")) open();
  });
  input.addEventListener("input", filter);
  found.addEventListener("htmx:after:swap", filter);
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => ctx?.sourceElement === input && filter());
  input.addEventListener("keydown", (event) => {
    const all = options();
    const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") select(all[(here + 1) % all.length]);
    else if (event.key === "ArrowUp") select(all[(here - 1 + all.length) % all.length]);
    else if (event.key === "Enter") all[here]?.click();
    else return;
    event.preventDefault();
  });
}
