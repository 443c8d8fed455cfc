// Draw each figure from its JSON when the reader scrolls near it.
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

// A trace of many trials has their names in its meta: one for each line, which ends at a gap, or for each point.
function trialOfPoints(trace) {
  if (!trace.meta?.trials) return null;
  const isGap = (i) => trace.x[i] === null;
  let place = 0;
  return trace.x.map((_, i) => (trace.mode === "markers" ? i : isGap(i) ? (place++, -1) : place));
}

function withTexts(trace) {
  const places = trialOfPoints(trace);
  return places ? { ...trace, text: places.map((place) => trace.meta.texts[place] ?? "") } : trace;
}

function figureOf(plot) {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  return { ...figure, data: figure.data.map(withTexts) };
}

// Labels are escaped for Plotly, which reads them as simple HTML.
function plainText(label) {
  return new DOMParser().parseFromString(label ?? "", "text/html").documentElement.textContent;
}

function plainValue(value) {
  return typeof value === "string" ? plainText(value) : value;
}

// The interval around a point, if the figure draws one.
function boundsOf(trace, i) {
  for (const [axis, bars] of [["x", trace.error_x], ["y", trace.error_y]]) {
    if (bars?.array) return [trace[axis][i] - (bars.arrayminus ?? bars.array)[i], trace[axis][i] + bars.array[i]];
  }
  return [null, null];
}

// One row for each drawn point. Traces that only make legend entries have none.
function pointsOf(traces) {
  return traces.filter((trace) => !trace.meta?.is_repeated).flatMap((trace) =>
    (trace.x ?? []).map((x, i) => {
      const [low, high] = boundsOf(trace, i);
      return {
        arm: trace.meta?.arm ?? "",
        series: plainText(trace.name),
        point: plainText(Array.isArray(trace.text) ? trace.text[i] : ""),
        x: plainValue(x),
        y: plainValue(trace.y[i]),
        low,
        high,
      };
    }),
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

// Figures are drawn when the reader scrolls near them, so that a large report opens quickly.
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

// Figures that were drawn for another window width while their tab was hidden.
function fitFigures(panel) {
  for (const plot of panel.querySelectorAll(".drawing")) {
    if (!undrawn.has(plot) && plot.clientWidth !== plot._fullLayout?.width) Plotly.Plots.resize(plot);
  }
}
