// Loaded before the first paint, so that the page never flashes in the wrong theme.
{
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme") || "system";
    } catch {
      return "system"; // storage may be refused; the system's choice is then good enough
    }
  };
  const apply = () => {
    const choice = stored();
    const dark = choice === "dark" || (choice === "system" && system.matches);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.dataset.theme = choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-checked", String(button.dataset.themeChoice === choice));
    }
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-theme-choice]")?.dataset.themeChoice;
    if (!choice) return;
    try {
      localStorage.setItem("theme", choice);
    } catch {
      return;
    }
    apply();
  });
}
