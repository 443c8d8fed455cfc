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
