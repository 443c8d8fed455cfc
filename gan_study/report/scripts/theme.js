"use strict";

// Dark or light theme: that of the system until the reader chooses. The choice is stored if the browser allows it.
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.querySelector(".theme");

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser may store nothing for a local file
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As above: the choice then holds until the page is closed.
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  themeButton.textContent = theme === "dark" ? "Light page" : "Dark page";
}

setTheme(kept("gan_study_theme") ?? (systemIsDark.matches ? "dark" : "light"));
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(theme);
  keep("gan_study_theme", theme);
});
systemIsDark.addEventListener("change", () => {
  if (!kept("gan_study_theme")) setTheme(systemIsDark.matches ? "dark" : "light");
});
