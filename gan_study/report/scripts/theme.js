"use strict";

// Dark and light: as the system has it, until the reader chooses; the choice is kept where the browser allows it.
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.querySelector(".theme");

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser may keep nothing for a file
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // As above: the choice then lasts as long as the page.
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
