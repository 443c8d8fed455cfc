// Switch the trials of a figure on and off by name. The boxes are made when the reader opens the list.
const FEW_LINES = 12; // up to this many lines are drawn as strongly as the highlighted one

// The trials of each arm, in the order of the figure.
function trialsOf(figure) {
  const arms = new Map();
  for (const { meta } of figure.data.filter((trace) => trace.meta?.trials)) {
    if (!arms.has(meta.arm)) arms.set(meta.arm, new Set());
    meta.trials.forEach((trial) => arms.get(meta.arm).add(trial));
  }
  return arms;
}

// The trace with only the points of the chosen trials; chosen: names of trials by arm.
function onlyChosen(trace, chosen) {
  const places = trialOfPoints(trace);
  if (!places) return trace;
  const names = chosen.get(trace.meta.arm);
  let open = false;
  // Keep the gap after each kept line.
  const kept = places.map((place) => (open = place < 0 ? open : names.has(trace.meta.trials[place])));
  const pick = (values) => (Array.isArray(values) ? values.filter((_, i) => kept[i]) : values);
  const marker = trace.marker && { ...trace.marker, symbol: pick(trace.marker.symbol) };
  const num = [...chosen.values()].reduce((sum, each) => sum + each.size, 0);
  const opacity = num <= FEW_LINES ? Math.max(trace.opacity ?? 1, 0.8) : trace.opacity;
  return { ...trace, x: pick(trace.x), y: pick(trace.y), text: pick(trace.text), marker, opacity };
}

function boxFor(text, onChange) {
  const [named, box] = [document.createElement("label"), document.createElement("input")];
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", onChange);
  named.append(box, text);
  return [named, box];
}

// The boxes of one arm: one for all its trials, and one for each trial.
function addArm(list, arm, trials, redraw) {
  const group = document.createElement("fieldset");
  const boxes = new Map();
  const [all, allBox] = boxFor(`all of ${arm}`, () => {
    for (const box of boxes.values()) box.checked = allBox.checked;
    allBox.indeterminate = false;
    redraw();
  });
  const legend = document.createElement("legend");
  legend.append(all);
  group.append(legend);
  for (const trial of trials) {
    const [named, box] = boxFor(trial, () => {
      const num = [...boxes.values()].filter((each) => each.checked).length;
      allBox.checked = num === boxes.size;
      allBox.indeterminate = num > 0 && num < boxes.size;
      redraw();
    });
    boxes.set(trial, box);
    group.append(named);
  }
  list.append(group);
  return () => new Set([...boxes].filter(([, box]) => box.checked).map(([trial]) => trial));
}

function fillChooser(chooser, plot) {
  const figure = figureOf(plot);
  const chosenOf = new Map();
  const redraw = () => {
    draw(plot);
    const chosen = new Map([...chosenOf].map(([arm, read]) => [arm, read()]));
    const isAll = [...trialsOf(figure)].every(([arm, trials]) => chosen.get(arm).size === trials.size);
    Plotly.react(plot, isAll ? figure.data : figure.data.map((trace) => onlyChosen(trace, chosen)), figure.layout, config);
  };
  const list = document.createElement("div");
  list.className = "trials";
  for (const [arm, trials] of trialsOf(figure)) chosenOf.set(arm, addArm(list, arm, trials, redraw));
  chooser.append(list);
}

for (const plot of document.querySelectorAll(".drawing[data-has-trials]")) {
  const [chooser, summary] = [document.createElement("details"), document.createElement("summary")];
  chooser.className = "chooser";
  summary.textContent = "Choose trials by name";
  chooser.append(summary);
  chooser.addEventListener("toggle", () => fillChooser(chooser, plot), { once: true });
  plot.parentElement.append(chooser);
}
