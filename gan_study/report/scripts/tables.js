// The cells of a table can be saved as they are shown.
function cellText(cell) {
  return cell.textContent.replaceAll("\u00a0", " ").trim();
}

function rowsOf(table) {
  const names = [...table.tHead.rows[0].cells].map(cellText);
  return [...table.tBodies[0].rows].map((row) =>
    Object.fromEntries([...row.cells].map((cell, i) => [names[i], cellText(cell)])));
}

for (const figure of document.querySelectorAll("figure.table")) {
  addDownloads(figure.querySelector(".downloads"), () => rowsOf(figure.querySelector("table")));
}
