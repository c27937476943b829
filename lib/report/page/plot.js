// Curves over one axis that all plots of a page share: drag to look closer, double click for all of it.
pt.xAxis = () => ({range: null, plots: new Set(), set(range) {
  this.range = range;
  for (const plot of this.plots) plot.draw();
}});

const kPlot = {left: 58, right: 12, top: 10, bottom: 30};

pt.nearest = (points, x) => {
  let low = 0, high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - points[low - 1][0] < points[low][0] - x ? low - 1 : low;
};

// spec: {title, explain, name: of a file, xLabel, yFormat, log: may be logarithmic, zero: begins at 0,
//        series: [{name, run: number of its colour, dash, marks, points: [[x, y]...] in order of x}], height}
pt.Plot = class {
  constructor(spec, axis = pt.xAxis()) {
    this.axis = axis;
    this.hidden = new Set();
    this.logarithmic = false;
    this.drawing = pt.svg("svg", {tabindex: 0, role: "img"});
    this.readout = pt.el("div", {class: "readout", "aria-live": "polite"});
    this.legend = pt.el("ul", {class: "legend"});
    this.explain = pt.el("p", {});
    this.title = pt.el("strong", {});
    this.logButton = this.button("log", "Logarithmic axis", () => { this.logarithmic = !this.logarithmic; this.draw(); });
    this.element = pt.el("figure", {class: "plot"},
      pt.el("figcaption", {}, this.title, pt.el("span", {class: "tools no-print"}, this.logButton,
        this.button("+", "Zoom in", () => this.zoom(0.5)), this.button("−", "Zoom out", () => this.zoom(2)),
        this.button("all", "Show all steps", () => this.axis.set(null)),
        this.button("SVG", "Save this plot as SVG", () => pt.download((this.spec.name || "plot") + ".svg", "image/svg+xml", pt.standalone(this.drawing))))),
      this.explain, this.legend, this.drawing, this.readout, pt.values(() => this.table()));
    this.listen();
    axis.plots.add(this);
    this.update(spec);
    pt.onWidth(this.drawing, width => { this.width = width; this.draw(); });
  }
  button(text, label, act) { return pt.el("button", {type: "button", title: label, "aria-label": label, onclick: act}, text); }
  colour(series) { return `var(--run-${(series.run || 0) % 6})`; }
  shown() { return this.spec.series.filter(series => !this.hidden.has(series.name)); }

  update(spec) {
    this.spec = {height: 210, yFormat: pt.number, series: [], ...spec};
    this.title.textContent = spec.title;
    this.explain.textContent = spec.explain || "";
    this.logButton.hidden = !spec.log;
    this.drawing.setAttribute("aria-label", spec.title + ": a plot; arrow keys read its values, + and - zoom, 0 shows all");
    this.legend.replaceChildren(...this.legendItems().map(item => pt.el("li", {},
      pt.svg("svg", {viewBox: "0 0 26 12", "aria-hidden": true}, item.sample),
      pt.el("label", {}, pt.el("input", {type: "checkbox", checked: !this.hidden.has(item.key), class: "no-print", onchange: event => {
        if (event.target.checked) this.hidden.delete(item.key); else this.hidden.add(item.key);
        this.draw();
      }}), " " + item.name))));
    this.draw();
  }

  // What can be shown and hidden; one curve alone needs no legend.
  legendItems() {
    return this.spec.series.length < 2 ? [] : this.spec.series.map(series => ({name: series.name, key: series.name, sample: [
      pt.svg("path", {d: "M1 6H25", class: "curve", style: "stroke:" + this.colour(series), "stroke-dasharray": series.dash ? "5 4" : null}),
      series.marks ? pt.svg("circle", {cx: 13, cy: 6, r: 3, style: "fill:" + this.colour(series)}) : null]}));
  }

  limits() {
    const series = this.shown(), all = series.flatMap(s => [s.points[0], s.points.at(-1)]).filter(Boolean);
    const whole = all.length ? [Math.min(...all.map(p => p[0])), Math.max(...all.map(p => p[0]))] : [0, 1];
    const x = this.axis.range || whole;
    let low = Infinity, high = -Infinity;
    for (const s of series) for (const [px, py] of s.points) {
      if (px < x[0] || px > x[1] || !Number.isFinite(py) || (this.logarithmic && py <= 0)) continue;
      low = Math.min(low, py);
      high = Math.max(high, py);
    }
    if (low > high) [low, high] = this.logarithmic ? [0.1, 1] : [0, 1];
    if (this.spec.zero && !this.logarithmic) low = Math.min(0, low);
    if (low === high) [low, high] = this.logarithmic ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
    const y = this.logarithmic ? [Math.log10(low), Math.log10(high)] : [low, high];
    const air = (y[1] - y[0]) * 0.06;
    return {whole, x: x[0] === x[1] ? [x[0] - 1, x[1] + 1] : x, y: [this.spec.zero && !this.logarithmic && low === 0 ? 0 : y[0] - air, y[1] + air]};
  }
  yTicks(y) {
    if (!this.logarithmic) return pt.ticks(y[0], y[1], 5).map(v => [v, this.spec.yFormat(v)]);
    const ticks = y[1] - y[0] > 1 ? pt.ticks(Math.ceil(y[0]), Math.floor(y[1]), 5).filter(Number.isInteger) : pt.ticks(y[0], y[1], 4);
    return ticks.map(v => [v, this.spec.yFormat(10 ** v)]);
  }

  draw() {
    if (!this.width || !this.spec) return;
    const width = this.width, height = this.spec.height, {left, right, top, bottom} = kPlot;
    const {x, y, whole} = this.limits();
    this.whole = whole;
    this.toX = v => left + (v - x[0]) / (x[1] - x[0]) * (width - left - right);
    this.fromX = px => x[0] + (px - left) / (width - left - right) * (x[1] - x[0]);
    this.toY = v => height - bottom - ((this.logarithmic ? Math.log10(v) : v) - y[0]) / (y[1] - y[0]) * (height - top - bottom);
    this.place = (series, v) => this.toY(v);
    this.x = x;
    this.logButton.setAttribute("aria-pressed", this.logarithmic);
    const clip = "clip-" + (this.id ||= Math.random().toString(36).slice(2));
    const parts = [pt.svg("defs", {}, pt.svg("clipPath", {id: clip}, pt.svg("rect", {x: left, y: top - 4, width: width - left - right, height: height - top - bottom + 8})))];
    const yOf = v => height - bottom - (v - y[0]) / (y[1] - y[0]) * (height - top - bottom);
    for (const [v, text] of this.yTicks(y)) parts.push(pt.svg("line", {class: "grid", x1: left, x2: width - right, y1: yOf(v), y2: yOf(v)}),
      pt.svg("text", {x: left - 6, y: yOf(v) + 4, "text-anchor": "end"}, text));
    for (const v of pt.ticks(x[0], x[1], Math.max(2, Math.floor(width / 95)))) parts.push(
      pt.svg("line", {class: "grid", x1: this.toX(v), x2: this.toX(v), y1: top, y2: height - bottom}),
      pt.svg("text", {x: Math.min(this.toX(v), width - right - 8), y: height - bottom + 14, "text-anchor": "middle"}, pt.number(v, 5)));
    parts.push(pt.svg("path", {class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}`}),
      pt.svg("text", {x: width - right, y: height - 3, "text-anchor": "end"}, this.spec.xLabel || "step"));
    const curves = pt.svg("g", {"clip-path": `url(#${clip})`});
    for (const series of this.shown()) curves.append(...this.curve(series));
    this.over = pt.svg("g", {});
    this.drawing.replaceChildren(...parts, curves, this.over);
    pt.setSize(this.drawing, width, height);
  }
  curve(series) {
    const style = "stroke:" + this.colour(series);
    let path = "", gap = true;
    const marks = [];
    for (const [px, py] of series.points) {
      if (!Number.isFinite(py) || (this.logarithmic && py <= 0)) { gap = true; continue; }
      const at = this.toX(px).toFixed(1), up = this.toY(py).toFixed(1);
      path += (gap ? "M" : "L") + at + " " + up;
      gap = false;
      if (series.marks || series.points.length < 3) marks.push(pt.svg("circle", {cx: at, cy: up, r: 2.8, style: "fill:" + this.colour(series)}));
    }
    return [pt.svg("path", {class: "curve", d: path, style, "stroke-dasharray": series.dash ? "5 4" : null}), ...marks];
  }

  table() {
    const series = this.shown(), rows = new Map();
    series.forEach((s, i) => s.points.forEach(([x, y]) => {
      if (!rows.has(x)) rows.set(x, [pt.number(x, 8), ...series.map(() => "")]);
      rows.get(x)[i + 1] = Number.isFinite(y) ? pt.number(y, 6) : "not finite";
    }));
    return pt.table([{name: this.spec.xLabel || "step", number: true}, ...series.map(s => ({name: s.name, number: true}))],
      [...rows.entries()].sort((a, b) => a[0] - b[0]).map(entry => entry[1]), this.spec.title);
  }

  // Zooming and reading.
  zoom(factor, at) {
    const [low, high] = this.x, centre = at ?? this.at ?? (low + high) / 2, [first, last] = this.whole;
    const range = [Math.max(first, centre - (centre - low) * factor), Math.min(last, centre + (high - centre) * factor)];
    this.axis.set(range[0] <= first && range[1] >= last ? null : range);
  }
  pan(share) {
    const [low, high] = this.x, [first, last] = this.whole, span = high - low;
    const start = Math.max(first, Math.min(last - span, low + share * span));
    if (this.axis.range) this.axis.set([start, start + span]);
  }
  read(x, pointer) {
    const series = this.shown().filter(s => s.points.length > 0);
    if (series.length === 0 || !this.over) return;
    const near = series.map(s => s.points[pt.nearest(s.points, x)]);
    const one = near.reduce((best, p) => Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best);
    this.at = one[0];
    const lines = near.map((p, i) => `${series[i].name}: ${Number.isFinite(p[1]) ? this.spec.yFormat(p[1]) : "not finite"}` + (p[0] === one[0] ? "" : ` (at ${pt.number(p[0], 8)})`));
    this.over.replaceChildren(pt.svg("line", {class: "cursor", x1: this.toX(one[0]), x2: this.toX(one[0]), y1: kPlot.top, y2: this.spec.height - kPlot.bottom}),
      ...near.map((p, i) => Number.isFinite(p[1]) && !(this.logarithmic && p[1] <= 0) && p[0] >= this.x[0] && p[0] <= this.x[1] ?
        pt.svg("circle", {cx: this.toX(p[0]), cy: this.place(series[i], p[1]), r: 3.5, style: "fill:" + this.colour(series[i])}) : null).filter(Boolean));
    const head = `${this.spec.xLabel || "step"} ${pt.number(one[0], 8)}`;
    this.readout.textContent = head + "   " + lines.join("   ");
    if (pointer) pt.tip.show([head, ...lines].join("\n"), pointer.clientX, pointer.clientY);
  }
  listen() {
    const place = event => pt.placeIn(this.drawing, event)[0];
    let from = null;
    pt.fill(this.drawing, {
      onpointerdown: event => { if (event.button === 0 && event.pointerType !== "touch") { from = place(event); this.drawing.setPointerCapture(event.pointerId); } },
      onpointermove: event => {
        if (!this.toX) return;
        this.read(this.fromX(place(event)), event);
        if (from !== null) this.over.append(pt.svg("rect", {class: "selection", x: Math.min(from, place(event)), y: kPlot.top, width: Math.abs(place(event) - from), height: this.spec.height - kPlot.top - kPlot.bottom}));
      },
      onpointerup: event => {
        const to = place(event);
        if (from !== null && Math.abs(to - from) > 6) this.axis.set([Math.max(this.x[0], this.fromX(Math.min(from, to))), Math.min(this.x[1], this.fromX(Math.max(from, to)))]);
        from = null;
      },
      onpointerleave: () => { pt.tip.hide(); if (from === null) this.over?.replaceChildren(); },
      ondblclick: () => this.axis.set(null),
      onkeydown: event => this.key(event),
    }, []);
  }
  key(event) {
    const points = this.shown().find(s => s.points.length > 0)?.points || [];
    if (points.length === 0) return;
    const move = way => {
      const now = this.at === undefined ? (way > 0 ? -1 : points.length) : pt.nearest(points, this.at);
      this.read(points[Math.max(0, Math.min(points.length - 1, now + way))][0]);
    };
    const acts = {ArrowRight: () => event.shiftKey ? this.pan(0.25) : move(1), ArrowLeft: () => event.shiftKey ? this.pan(-0.25) : move(-1),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), "0": () => this.axis.set(null)};
    if (!acts[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
  }
};
