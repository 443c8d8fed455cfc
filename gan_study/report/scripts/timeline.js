// The trainings in pictures: choose a trial, move a slider through its grids, and see the place in a small plot.
function addTo(svg, name, attributes, text = "") {
  const element = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  svg.append(element);
  return element;
}

// One panel of the plot: a line through [kimg, value] points, on a logarithmic axis if all are above 0.
function drawCourse(svg, points, title, place, isLog, end) {
  if (points.length < 2) return;
  const values = points.map(([, value]) => (isLog ? Math.log(value) : value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (kimg) => 4 + (292 * kimg) / end;
  const y = (value) => place.top + place.height * (high > low ? (high - value) / (high - low) : 0.5);
  const path = points.map(([kimg], i) => `${x(kimg).toFixed(1)},${y(values[i]).toFixed(1)}`).join(" ");
  addTo(svg, "text", { x: 4, y: place.top - 6 }, title);
  addTo(svg, "polyline", { points: path });
}

function drawCourses(svg, curve) {
  svg.replaceChildren();
  const end = Math.max(...curve.map(([kimg]) => kimg)) || 1;
  const [scores, classes] = [1, 2].map((i) => curve.filter((point) => point[i] !== null).map((point) => [point[0], point[i]]));
  const isLog = scores.every(([, score]) => score > 0);
  drawCourse(svg, scores, isLog ? "score, log scale" : "score", { top: 18, height: classes.length > 1 ? 42 : 96 }, isLog, end);
  drawCourse(svg, classes, "classes found", { top: 86, height: 36 }, false, end);
  svg.toggleAttribute("hidden", !svg.firstChild);
  const mark = addTo(svg, "line", { y1: 10, y2: 126 });
  return (kimg) => ["x1", "x2"].forEach((name) => mark.setAttribute(name, 4 + (292 * kimg) / end));
}

for (const film of document.querySelectorAll(".film")) {
  const reels = [...film.querySelectorAll(".reel")];
  const [timeline, choice] = [film.querySelector(".timeline"), film.querySelector(".choice")];
  const [slider, output, course] = ["input", "output", ".course"].map((name) => timeline.querySelector(name));
  const select = choice.querySelector("select");
  const picture = new Image();
  timeline.prepend(picture);
  let [figures, moveMark] = [[], () => {}];
  const show = () => {
    const figure = figures[slider.value];
    const image = figure.querySelector("img");
    picture.src = image.src;
    picture.alt = image.alt;
    output.textContent = figure.querySelector("figcaption").textContent;
    slider.setAttribute("aria-valuetext", output.textContent);
    moveMark(parseFloat(output.textContent.replaceAll(",", "")));
  };
  const load = () => {
    const reel = reels[select.selectedIndex];
    reels.forEach((each) => (each.hidden = each !== reel));
    figures = [...reel.querySelectorAll("figure")];
    moveMark = drawCourses(course, JSON.parse(reel.dataset.curve));
    slider.max = figures.length - 1;
    slider.value = slider.max;
    timeline.hidden = figures.length < 2;
    show();
  };
  select.selectedIndex = 0;
  select.addEventListener("change", load);
  slider.addEventListener("input", show);
  choice.hidden = reels.length < 2;
  load();
}
