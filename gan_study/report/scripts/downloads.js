// Save the data of a figure or table as CSV or JSON.
function toCsv(rows) {
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  return [Object.keys(rows[0] ?? {}), ...rows.map(Object.values)].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function save(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// rowsOf: called when a button is pressed; returns objects with equal keys.
function addDownloads(place, rowsOf) {
  const title = place.dataset.name;
  // The first sentence of the title becomes the name of the file.
  const stem = title.split(". ")[0].toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "").slice(0, 80);
  const kinds = { csv: ["text/csv", toCsv], json: ["application/json", (rows) => JSON.stringify(rows, null, 2)] };
  for (const [ending, [type, format]] of Object.entries(kinds)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = ending.toUpperCase();
    button.setAttribute("aria-label", `${title} Download its data as ${ending.toUpperCase()}`);
    button.addEventListener("click", () => save(`${stem}.${ending}`, type, format(rowsOf())));
    place.append(button);
  }
}
