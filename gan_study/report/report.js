"use strict";

const config = {
  responsive: true,
  displaylogo: false,
  modeBarButtons: [["toImage", "resetScale2d"]],
  toImageButtonOptions: { format: "svg" },
};

// Lets the style sheet scale a plot to the width of a printed page.
function giveViewBox(plot) {
  for (const svg of plot.querySelectorAll(".main-svg")) {
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  }
}

// Labels are escaped for Plotly, which reads them as simple HTML.
function plainText(label) {
  return new DOMParser().parseFromString(label ?? "", "text/html").documentElement.textContent;
}

// One row for each point that is drawn; entries of the legend alone have none.
function pointsOf(traces) {
  return traces.filter((trace) => trace.meta !== "repeated").flatMap((trace) =>
    (trace.x ?? []).map((x, i) => ({
      series: plainText(trace.name),
      point: plainText(Array.isArray(trace.text) ? trace.text[i] : ""),
      x: typeof x === "string" ? plainText(x) : x,
      y: typeof trace.y[i] === "string" ? plainText(trace.y[i]) : trace.y[i],
    })),
  ).filter((row) => row.x !== null && row.y !== null);
}

function toCsv(rows) {
  const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
  return [["series", "point", "x", "y"], ...rows.map(Object.values)].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function save(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function addDownloads(plot) {
  const place = plot.parentElement.querySelector(".downloads");
  const title = place.dataset.name;
  const stem = title.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  const kinds = { csv: ["text/csv", toCsv], json: ["application/json", (rows) => JSON.stringify(rows, null, 2)] };
  for (const [ending, [type, format]] of Object.entries(kinds)) {
    const button = document.createElement("button");
    button.textContent = ending.toUpperCase();
    button.setAttribute("aria-label", `${title} Download its data as ${ending.toUpperCase()}`);
    button.addEventListener("click", () => save(`${stem}.${ending}`, type, format(pointsOf(figureOf(plot).data))));
    place.append(button);
  }
}

for (const timeline of document.querySelectorAll(".timeline")) {
  const moments = [...timeline.nextElementSibling.querySelectorAll("figure")];
  const [slider, output] = [timeline.querySelector("input"), timeline.querySelector("output")];
  const picture = new Image();
  timeline.prepend(picture);
  const show = () => {
    const moment = moments[slider.value];
    const image = moment.querySelector("img");
    picture.src = image.src;
    picture.alt = image.alt;
    output.textContent = moment.querySelector("figcaption").textContent;
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  slider.addEventListener("input", show);
  show();
  timeline.hidden = moments.length < 2;
}

function figureOf(plot) {
  return JSON.parse(plot.nextElementSibling.textContent);
}

const undrawn = new Set(document.querySelectorAll(".drawing"));

function draw(plot) {
  if (!undrawn.delete(plot)) return;
  const figure = figureOf(plot);
  Plotly.newPlot(plot, figure.data, figure.layout, config).then(() => {
    giveViewBox(plot);
    plot.on("plotly_afterplot", () => giveViewBox(plot));
  });
}

// Figures are drawn when the reader comes near, so that a large report can be read at once.
const observer = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "800px" },
);
for (const plot of undrawn) {
  plot.replaceChildren();
  addDownloads(plot);
  observer.observe(plot);
}
addEventListener("beforeprint", () => undrawn.forEach(draw));
