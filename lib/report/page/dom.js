// Elements, numbers as text, tables, the theme. Text is only ever set as text: nothing of the data becomes markup.
const pt = {};

pt.fill = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ""));
  return made;
};
pt.el = (tag, attributes, ...children) => pt.fill(document.createElement(tag), attributes, children);
pt.svg = (tag, attributes, ...children) =>
  pt.fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// "1.23 M": three digits that count.
pt.si = (value, unit = "") => {
  if (!Number.isFinite(value)) return "–";
  const names = ["", "k", "M", "G", "T", "P", "E"];
  let place = 0, size = Math.abs(value);
  while (size >= 999.5 && place + 1 < names.length) { size /= 1000; place++; }
  const digits = size >= 100 || (place === 0 && Number.isInteger(value)) ? 0 : size >= 10 ? 1 : 2;
  const text = (Math.sign(value) * size).toFixed(digits);
  const suffix = names[place] + unit;
  return suffix ? text + " " + suffix : text;
};
// Four digits that count, and no zeros behind them.
pt.number = (value, digits = 4) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(digits - 2).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 10 ** (digits - 1)) return Math.round(value).toString();
  return String(Number(value.toPrecision(digits)));
};
pt.percent = (share, digits = 1) => Number.isFinite(share) ? (100 * share).toFixed(digits) + "%" : "–";
pt.bytes = value => pt.si(value, "B");
pt.seconds = value => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 3600) return Math.floor(value / 3600) + " h " + String(Math.floor(value / 60) % 60).padStart(2, "0") + " min";
  if (size >= 60) return Math.floor(value / 60) + " min " + String(Math.floor(value % 60)).padStart(2, "0") + " s";
  if (size >= 1) return pt.number(value, 3) + " s";
  if (size >= 1e-3) return pt.number(value * 1e3, 3) + " ms";
  return size === 0 ? "0 s" : pt.number(value * 1e6, 3) + " µs";
};

// columns: [{name, number: whether cells are numbers}], rows: lists of texts or elements.
pt.table = (columns, rows, caption) => {
  const cell = (tag, column, content) => pt.el(tag, {class: column.number ? "number" : null}, content);
  return pt.el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": caption || "table"}, pt.el("table", {},
    caption ? pt.el("caption", {}, caption) : null,
    pt.el("thead", {}, pt.el("tr", {}, columns.map(c => pt.fill(cell("th", c, c.name), {scope: "col"}, [])))),
    pt.el("tbody", {}, rows.map(row => pt.el("tr", {}, row.map((content, i) =>
      cell(i === 0 && !columns[0].number ? "th" : "td", columns[i], content)))))));
};
// The table of a plot; it is made when somebody opens it.
pt.values = make => {
  const details = pt.el("details", {class: "values no-print"}, pt.el("summary", {}, "Values as a table"));
  details.addEventListener("toggle", () => {
    while (details.children.length > 1) details.lastChild.remove();
    if (details.open) details.append(make());
  });
  return details;
};

pt.download = (name, type, content) => {
  const link = pt.el("a", {href: URL.createObjectURL(new Blob([content], {type})), download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

// A drawing as a file of its own: with its colours in it.
pt.standalone = svg => {
  const copy = svg.cloneNode(true);
  const looks = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "paint-order", "opacity", "fill-opacity", "font-size", "font-family", "font-weight", "text-anchor"];
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((one, i) => {
    const style = getComputedStyle(one);
    for (const look of looks) to[i].setAttribute(look, style.getPropertyValue(look));
    to[i].removeAttribute("class");
  });
  const box = svg.getBoundingClientRect();
  pt.fill(copy, {xmlns: "http://www.w3.org/2000/svg", width: box.width, height: box.height}, []);
  const paper = getComputedStyle(document.body).backgroundColor;
  copy.prepend(pt.svg("rect", {width: "100%", height: "100%", fill: paper}));
  return new XMLSerializer().serializeToString(copy);
};
pt.savePng = (svg, name) => {
  const box = svg.getBoundingClientRect(), image = new Image();
  image.onload = () => {
    const canvas = pt.el("canvas", {width: 2 * box.width, height: 2 * box.height});
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(blob => pt.download(name, "image/png", blob));
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(pt.standalone(svg));
};

// What a pointer, or a key, has come to.
pt.tip = {
  show(text, x, y) {
    this.box ||= document.body.appendChild(pt.el("div", {class: "tip", role: "status"}));
    this.box.textContent = text;
    this.box.hidden = false;
    const size = this.box.getBoundingClientRect();
    this.box.style.left = Math.max(4, Math.min(x + 14, innerWidth - size.width - 6)) + "px";
    this.box.style.top = (y + 18 + size.height > innerHeight ? y - size.height - 10 : y + 18) + "px";
  },
  hide() { if (this.box) this.box.hidden = true; },
};

// Light, dark, or as the system has it; a choice lasts as long as the page.
pt.theme = {
  choice: "system",
  apply() {
    const dark = this.choice === "dark" || (this.choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  },
  button() {
    const names = {system: "Theme: system", light: "Theme: light", dark: "Theme: dark"}, words = Object.keys(names);
    const button = pt.el("button", {type: "button"}, names[this.choice]);
    button.addEventListener("click", () => {
      this.choice = words[(words.indexOf(this.choice) + 1) % words.length];
      button.textContent = names[this.choice];
      this.apply();
    });
    return button;
  },
};
pt.theme.apply();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => pt.theme.apply());
matchMedia("print").addEventListener("change", () => pt.theme.apply());

// How much larger than on a desk all is drawn: on wide screens letters grow, and drawings with them.
pt.scale = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);

// Calls draw(width) now that the element has one, and whenever it changes; in units of the drawing.
pt.onWidth = (element, draw) => {
  let last = 0;
  new ResizeObserver(entries => {
    const width = Math.floor(entries[0].contentRect.width / pt.scale());
    if (width > 0 && width !== last) requestAnimationFrame(() => draw(last = width));
  }).observe(element);
};
// What a drawing shows: so many of its units.
pt.setSize = (svg, width, height) => {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = (height * pt.scale()).toFixed(1) + "px";
};
// Where in a drawing's units a pointer is.
pt.placeIn = (svg, event) => {
  const box = svg.getBoundingClientRect();
  return [(event.clientX - box.left) / pt.scale(), (event.clientY - box.top) / pt.scale()];
};

// Round numbers from low to high, about `count`.
pt.ticks = (low, high, count) => {
  const span = high - low || 1, raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
};

pt.data = () => JSON.parse(document.getElementById("data").textContent);
