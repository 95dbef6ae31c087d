for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      const key = row => row.cells[at].dataset.key ?? row.cells[at].textContent.trim();
      // Whole numbers of any size: the one with fewer digits is the smaller one.
      const digits = text => head.dataset.sort === "number" ? text.length : 0;
      const order = (a, b) => digits(a) - digits(b) || (a < b ? -1 : a > b ? 1 : 0);
      const rows = [...table.tBodies[0].rows];
      table.tBodies[0].append(...rows.sort((a, b) => turn * order(key(a), key(b))));
    });
  });
}
