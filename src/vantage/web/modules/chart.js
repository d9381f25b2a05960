import uPlot from "uplot";
// Time series: <div data-chart='{"label": "Calls", "kind": "count"}'> holding a table of time and value.
// The table stays for readers of the screen and for those without scripts.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(host) {
  const table = host.querySelector("table");
  if (!table || host.dataset.drawn) return;
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Date.parse(row.cells[0].querySelector("time").dateTime) / 1000);
  const values = rows.map((row) => Number(row.cells[1].dataset.value ?? row.cells[1].textContent));
  const zone = host.dataset.zone;
  const hour = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const font = "12px Inter Variable, sans-serif";
  const axis = { stroke: token("--muted-foreground"), font, grid: { stroke: token("--border"), width: 1 }, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: Number(host.dataset.height || 180),
      legend: { show: false },
      cursor: { points: { size: 7 } },
      tzDate: zone ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone) : undefined,
      scales: { y: { range: (_, __, top) => [0, top * 1.1 || 1] } },
      axes: [
        { ...axis, grid: { show: false }, values: (_, splits) => splits.map((seconds) => hour.format(seconds * 1000)) },
        { ...axis, size: 36, space: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000] },
      ],
      series: [
        {},
        {
          label: table.tHead.rows[0].cells[1].textContent,
          stroke: token("--indigo-dot"),
          width: 1.75,
          fill: `color-mix(in oklch, ${token("--indigo-dot")} 12%, transparent)`,
          points: { show: false },
        },
      ],
    },
    [times, values],
    host,
  );
  host.dataset.drawn = "true";
  table.classList.add("sr-only");
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: plot.height })).observe(host);
}

const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
all();
document.addEventListener("htmx:after:swap", all);
