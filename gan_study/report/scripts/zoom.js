// Click, Enter or space enlarges a picture; the arrow keys go to its neighbours, and Escape closes it.
const zoom = document.createElement("dialog");
zoom.className = "zoom";
zoom.setAttribute("aria-label", "A picture, large");
{
  const [close, image, words] = ["button", "img", "p"].map((name) => document.createElement(name));
  close.type = "button";
  close.textContent = "Close";
  image.alt = "No picture yet";
  words.setAttribute("aria-live", "polite");
  zoom.append(close, image, words);
  document.body.append(zoom);
  let [group, place] = [[], 0];

  const show = () => {
    const shown = group[place];
    image.src = shown.src;
    image.alt = shown.alt;
    const caption = shown.closest("figure").querySelector("figcaption").innerText.trim().replace(/\s+/g, " ");
    words.textContent = group.length > 1 ? `${caption} (${place + 1} of ${group.length}; arrow keys: the others)` : caption;
  };
  const step = (by) => {
    place = (place + by + group.length) % group.length;
    show();
  };
  const open = (picture) => {
    group = [...document.querySelectorAll("img[data-zoom]")].filter((each) => each.dataset.zoom === picture.dataset.zoom);
    place = group.indexOf(picture);
    show();
    zoom.showModal();
  };

  for (const picture of document.querySelectorAll("img[data-zoom]")) {
    picture.tabIndex = 0;
    picture.setAttribute("role", "button");
    picture.setAttribute("aria-haspopup", "dialog");
    picture.addEventListener("click", () => open(picture));
    picture.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open(picture);
    });
  }
  close.addEventListener("click", () => zoom.close());
  zoom.addEventListener("click", (event) => event.target === zoom && zoom.close());
  zoom.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
}
