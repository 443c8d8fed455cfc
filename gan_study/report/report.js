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

for (const plot of document.querySelectorAll(".drawing")) {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  plot.replaceChildren();
  Plotly.newPlot(plot, figure.data, figure.layout, config).then(() => {
    giveViewBox(plot);
    plot.on("plotly_afterplot", () => giveViewBox(plot));
  });
}
