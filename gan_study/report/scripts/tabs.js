// Show the chapters of the page as tabs. Without this script, and on paper, they follow each other.
const tabs = [...document.querySelectorAll(".tabs a")];
const panelOf = (tab) => document.getElementById(tab.hash.slice(1));

// Find-in-page finds text in hidden tabs and opens them, in browsers that support "until-found".
function setHidden(panel, isHidden) {
  if (isHidden) panel.setAttribute("hidden", "until-found");
  else panel.removeAttribute("hidden");
}

function openTab(tab) {
  for (const each of tabs) {
    const isOpen = each === tab;
    each.setAttribute("aria-selected", isOpen);
    each.tabIndex = isOpen ? 0 : -1;
    setHidden(panelOf(each), !isOpen);
  }
  tab.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  fitFigures(panelOf(tab));
}

// The tab that the address names, or the tab with the element that it names.
function openAddress() {
  const target = document.getElementById(location.hash.slice(1));
  const panel = target?.closest("main > section");
  openTab(tabs.find((tab) => panelOf(tab) === panel) ?? tabs[0]);
  if (panel && target !== panel) target.scrollIntoView();
}

// Scroll to the top of the tab if the reader had scrolled down in another one.
function showHead() {
  const main = document.querySelector("main");
  if (main.getBoundingClientRect().top < 0) main.scrollIntoView({ behavior: "instant" });
}

function choose(tab) {
  history.pushState(null, "", tab.hash);
  openTab(tab);
  showHead();
}

function goTo(tab) {
  tab.focus();
  history.replaceState(null, "", tab.hash);
  openTab(tab);
  showHead();
}

const steps = {
  ArrowRight: (place) => place + 1,
  ArrowLeft: (place) => place - 1,
  Home: () => 0,
  End: () => tabs.length - 1,
  " ": (place) => place,
};

document.documentElement.classList.replace("loading", "tabbed");
document.querySelector(".tabs").setAttribute("role", "tablist");
tabs.forEach((tab, place) => {
  const panel = panelOf(tab);
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.addEventListener("beforematch", () => choose(tab));
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    choose(tab);
  });
  tab.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    goTo(tabs[(step(place) + tabs.length) % tabs.length]);
  });
});
openAddress();
addEventListener("hashchange", openAddress);
addEventListener("popstate", openAddress);

// Print all chapters.
addEventListener("beforeprint", () => {
  tabs.forEach((tab) => setHidden(panelOf(tab), false));
  drawAll();
});
addEventListener("afterprint", openAddress);
