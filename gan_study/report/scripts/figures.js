// Figures, drawn from the JSON behind each when the reader comes near.
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

function figureOf(plot) {
  return JSON.parse(plot.nextElementSibling.textContent);
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
  addDownloads(plot.parentElement.querySelector(".downloads"), () => pointsOf(figureOf(plot).data));
  observer.observe(plot);
}

function drawAll() {
  undrawn.forEach(draw);
}

// What was drawn before the window changed its width, while its tab was hidden.
function fitFigures(panel) {
  for (const plot of panel.querySelectorAll(".drawing")) {
    if (!undrawn.has(plot) && plot.clientWidth !== plot._fullLayout?.width) Plotly.Plots.resize(plot);
  }
}
