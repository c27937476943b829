// Curves of ranks over time, a strip for each rank. Where two schedules are compared, the first is an area and the
// second a dashed line with squares, so that both are seen where they are equal, without colours, and on paper.

const kStrip = {left: 64, right: 58, top: 4, bottom: 30, gap: 6};

// spec: as of a plot; of each of its series also {row: the strip's name, of: whose it is}. Series of one `of` are shown
// and hidden together.
pt.Strips = class extends pt.Plot {
  constructor(spec) { super(spec); this.drawing.classList.add("strips"); }
  owners() { return [...new Set(this.spec.series.map(series => series.of))]; }
  shown() { return this.spec.series.filter(series => !this.hidden.has(series.of)); }
  legendItems() {
    const owners = this.owners();
    return owners.length < 2 ? [] : owners.map((of, i) => ({name: of, key: of, sample: i === 0
      ? pt.svg("rect", {class: "strip-area", x: 0.5, y: 0.5, width: 25, height: 11})
      : [pt.svg("path", {class: "curve strip-line", d: "M0 6H26"}), pt.svg("rect", {class: "strip-mark", x: 10, y: 3, width: 6, height: 6})]}));
  }

  draw() {
    if (!this.width || !this.spec) return;
    const width = this.width, {left, right, top, bottom, gap} = kStrip;
    const {x, y, whole} = this.limits(), rows = [...new Set(this.spec.series.map(series => series.row))], owners = this.owners();
    const each = rows.length > 8 ? 20 : 34, most = Math.max(y[1], 1e-12);
    const foot = top + rows.length * (each + gap);
    this.whole = whole;
    this.x = x;
    this.spec.height = foot + bottom;
    this.logButton.hidden = true;
    this.toX = v => left + (v - x[0]) / (x[1] - x[0]) * (width - left - right);
    this.fromX = px => x[0] + (px - left) / (width - left - right) * (x[1] - x[0]);
    const base = row => top + rows.indexOf(row) * (each + gap) + each;
    this.place = (series, value) => base(series.row) - value / most * each;
    const clip = "clip-" + (this.id ||= Math.random().toString(36).slice(2));
    const parts = [pt.svg("defs", {}, pt.svg("clipPath", {id: clip}, pt.svg("rect", {x: left, y: 0, width: width - left - right, height: foot})))];
    for (const v of pt.ticks(x[0], x[1], Math.max(2, Math.floor(width / 95)))) parts.push(
      pt.svg("line", {class: "grid", x1: this.toX(v), x2: this.toX(v), y1: top, y2: foot}),
      pt.svg("text", {x: this.toX(v), y: foot + 12, "text-anchor": "middle"}, pt.number(v, 5)));
    const curves = pt.svg("g", {"clip-path": `url(#${clip})`});
    for (const row of rows) {
      const here = this.shown().filter(series => series.row === row);
      parts.push(pt.svg("text", {x: left - 8, y: base(row) - each / 2 + 4, "text-anchor": "end"}, row),
        pt.svg("line", {class: "grid", x1: left, x2: width - right, y1: base(row), y2: base(row)}),
        pt.svg("text", {x: width - right + 6, y: base(row) - each / 2 + 4}, here.map(series => pt.number(Math.max(...series.points.map(p => p[1])), 3)).join(" | ")));
      for (const series of here) curves.append(...this.curve(series, owners.indexOf(series.of) > 0));
    }
    parts.push(pt.svg("text", {x: width - 2, y: foot + 12, "text-anchor": "end"}, "most"),
      pt.svg("text", {x: left, y: foot + 26}, this.spec.xLabel));
    this.over = pt.svg("g", {});
    this.drawing.replaceChildren(...parts, curves, this.over);
    pt.setSize(this.drawing, width, this.spec.height);
  }
  curve(series, second) {
    const at = ([time, value]) => `${this.toX(time).toFixed(1)} ${this.place(series, value).toFixed(1)}`;
    const line = "M" + series.points.map(at).join("L"), floor = this.place(series, 0).toFixed(1);
    if (!second) return [pt.svg("path", {class: "strip-area", d: `${line}V${floor}H${this.toX(series.points[0][0]).toFixed(1)}Z`})];
    const parts = [pt.svg("path", {class: "curve strip-line", d: line})];
    let last = -Infinity;  // squares where the line changes, unless they would be one on another
    for (const [time, value] of series.points) {
      const px = this.toX(time);
      if (px - last < 26) continue;
      parts.push(pt.svg("rect", {class: "strip-mark", x: (px - 2.5).toFixed(1), y: (this.place(series, value) - 2.5).toFixed(1), width: 5, height: 5}));
      last = px;
    }
    return parts;
  }
};
