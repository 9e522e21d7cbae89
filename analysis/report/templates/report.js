"use strict";

// A table sorts by the column whose button is pressed: up, down, and back to the order of the file.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.querySelectorAll("th[data-column]")];
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    if (head.dataset.name) button.setAttribute("aria-label", head.dataset.name);
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")];
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", next);
      body.append(...(next === "none" ? original : sorted(original, Number(head.dataset.column), next === "descending")));
    });
  }
}

function sorted(rows, column, descending) {
  const keys = new Map(rows.map((row) => [row, column === 0 ? row.cells[0].textContent : number(row.cells[column].textContent)]));
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (x === null || y === null) return (x === null) - (y === null); // what has no figure comes last either way
    return sign * (column === 0 ? x.localeCompare(y, undefined, { numeric: true }) : x - y);
  });
}

// The figure in a cell, or the lower end of its interval; the mark of a note is none.
function number(text) {
  if (/^(\[\d+\])*$/.test(text)) return null;
  const found = text.match(/-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?/);
  return found ? Number(found[0].replaceAll(",", "")) : null;
}

// One case is shown at a time; without this script, and in print, all of them are.
for (const choice of document.querySelectorAll("fieldset.switch")) {
  const show = () => {
    for (const option of choice.querySelectorAll("input")) {
      document.getElementById(option.value).classList.toggle("off", !option.checked);
    }
  };
  choice.hidden = false;
  choice.addEventListener("change", show);
  show();
}
