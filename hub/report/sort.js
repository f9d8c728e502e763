"use strict";
// Sorts the rows of a table by a column when its heading's button is pressed. Cells with data-value
// are compared as numbers, others as text; cells without a number come last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  for (const heading of table.querySelectorAll("thead th[data-column]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const column = Number(heading.dataset.column);
      const before = heading.getAttribute("aria-sort");
      const numeric = heading.classList.contains("number");
      const ascending = before ? before === "descending" : !numeric;
      for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const sign = ascending ? 1 : -1;
      const key = (row) => row.cells[column].dataset.value;
      const words = (row) => row.cells[column].textContent;
      const compare = (a, b) => {
        if (!numeric) return sign * words(a).localeCompare(words(b), "en", { numeric: true });
        const [x, y] = [key(a), key(b)];
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        return sign * (Number(x) - Number(y));
      };
      body.append(...[...body.rows].sort(compare));
    });
  }
}
