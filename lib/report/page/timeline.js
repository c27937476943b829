// What ranks did, or would do, over time: one track a rank, drawings above each other on one axis. Drag to look
// closer, point at a box to see its microbatch on all ranks.

const kTime = {left: 66, right: 12, title: 20, gap: 8, axis: 26};

// spec: {title, explain, name, unit: "ms", drawings: [{title, note, ranks: [[span...]...]}], trackHeight}
// span: {kind: key of pt.actions, stage, microbatch, its slice and of how many if there are several, start, end, waiting, text: what a pointer reads}
// Spans of a rank are in order of start; times are in `unit`. Of a wait, kind is "wait".
pt.Timeline = class {
  constructor(spec) {
    this.range = null;
    this.marked = null;   // a microbatch
    this.time = null;     // where cursor() stands
    this.drawing = pt.svg("svg", {tabindex: 0, role: "img"});
    this.readout = pt.el("div", {class: "readout", "aria-live": "polite"});
    this.title = pt.el("strong", {});
    this.explain = pt.el("p", {});
    this.legendPlace = pt.el("div", {});
    const button = (text, label, act) => pt.el("button", {type: "button", title: label, "aria-label": label, onclick: act}, text);
    this.element = pt.el("figure", {class: "plot timeline"},
      pt.el("figcaption", {}, this.title, pt.el("span", {class: "tools no-print"},
        button("+", "Zoom in", () => this.zoom(0.5)), button("−", "Zoom out", () => this.zoom(2)),
        button("◀", "Earlier", () => this.pan(-0.3)), button("▶", "Later", () => this.pan(0.3)),
        button("all", "Show the whole step", () => this.show(null)),
        button("SVG", "Save as SVG", () => pt.download((this.spec.name || "timeline") + ".svg", "image/svg+xml", this.svg())),
        button("PNG", "Save as PNG", () => pt.savePng(this.drawing, (this.spec.name || "timeline") + ".png")))),
      this.explain, this.legendPlace, this.drawing, this.readout, pt.values(() => this.table()));
    this.listen();
    this.update(spec);
    pt.onWidth(this.drawing, width => { this.width = width; this.draw(); });
  }
  svg() { return pt.standalone(this.drawing); }
  cursor(time) { this.time = time; this.draw(); }
  mark(microbatch) { this.marked = microbatch; this.draw(); }

  update(spec) {
    this.spec = {unit: "", ...spec};
    this.title.textContent = spec.title;
    this.explain.textContent = spec.explain || "";
    const kinds = new Set(), stages = new Set();
    let end = 0;
    for (const drawing of spec.drawings) for (const [r, rank] of drawing.ranks.entries()) for (const span of rank) {
      kinds.add(span.kind);
      end = Math.max(end, span.end);
      if (span.stage >= 0 && !span.waiting) stages.add(r + ":" + span.stage);
    }
    const tracks = Math.max(1, ...spec.drawings.map(d => d.ranks.length));
    this.severalStages = stages.size > tracks;
    this.end = end || 1;
    this.kinds = Object.keys(pt.actions).filter(kind => kinds.has(kind)).concat([...kinds].filter(kind => !pt.actions[kind]));
    this.legendPlace.replaceChildren(pt.actionLegend(this.kinds));
    this.drawing.setAttribute("aria-label", spec.title + ": a timeline; arrow keys move, + and - zoom, 0 shows all, m marks the next microbatch");
    if (this.range && this.range[1] > this.end) this.range = null;
    this.draw();
  }

  draw() {
    if (!this.width || !this.spec) return;
    const {left, right, title, gap, axis} = kTime, width = this.width;
    const ranks = Math.max(1, ...this.spec.drawings.map(d => d.ranks.length));
    const track = this.spec.trackHeight || (ranks > 32 ? 12 : ranks > 12 ? 17 : 26);
    this.x = this.range || [0, this.end];
    this.toX = time => left + (time - this.x[0]) / (this.x[1] - this.x[0]) * (width - left - right);
    this.fromX = px => this.x[0] + (px - left) / (width - left - right) * (this.x[1] - this.x[0]);
    this.places = [];
    const clip = "clip-" + (this.id ||= Math.random().toString(36).slice(2));
    const boxes = pt.svg("g", {"clip-path": `url(#${clip})`}), parts = [];
    let y = 0;
    const bands = [];  // of each drawing, from its first track to its last
    for (const drawing of this.spec.drawings) {
      parts.push(pt.svg("text", {class: "row-title", x: left, y: y + 14}, drawing.title));
      bands.push([y += title, y + track * drawing.ranks.length]);
      drawing.ranks.forEach((rank, r) => {
        parts.push(pt.svg("rect", {class: "track", x: left, y, width: width - left - right, height: track - 2}),
          pt.svg("text", {x: left - 6, y: y + track / 2 + 3, "text-anchor": "end"}, (this.spec.rankWord || "rank") + " " + r));
        this.places.push({y, height: track - 2, rank, drawing, number: r});
        this.drawTrack(boxes, rank, y, track - 2);
        y += track;
      });
      y += gap;
    }
    const across = (name, x) => bands.map(([y1, y2]) => pt.svg("line", {class: name, x1: x, x2: x, y1, y2}));
    for (const v of pt.ticks(this.x[0], this.x[1], Math.max(2, Math.floor(width / 100)))) parts.push(...across("grid", this.toX(v)),
      pt.svg("text", {x: Math.min(this.toX(v), width - 14), y: y + 14, "text-anchor": "middle"}, pt.number(v, 5)));
    parts.push(pt.svg("text", {x: left - 20, y: y + 14, "text-anchor": "end"}, this.spec.unit));
    if (this.time !== null) boxes.append(...across("play", this.toX(this.time)));
    this.over = pt.svg("g", {});
    const height = y + axis;
    this.drawing.replaceChildren(pt.textures(this.kinds),
      pt.svg("defs", {}, pt.svg("clipPath", {id: clip}, pt.svg("rect", {x: left, y: 0, width: Math.max(1, width - left - right), height: y}))), ...parts, boxes, this.over);
    pt.setSize(this.drawing, width, height);
    this.height = y;
  }
  // Boxes narrower than a quarter of a pixel are left to the one beside them.
  drawTrack(boxes, rank, y, height) {
    let drawnTo = -Infinity;
    for (const span of rank) {
      if (span.end < this.x[0] || span.start > this.x[1]) continue;
      const from = this.toX(span.start), to = this.toX(span.end);
      if (to < drawnTo + 0.25) continue;
      drawnTo = to;
      const thin = span.kind === "wait", inset = thin ? height * 0.34 : 0;
      const faded = this.marked !== null && span.microbatch !== this.marked;
      boxes.append(pt.svg("rect", {x: from.toFixed(2), y: y + inset, width: Math.max(0.4, to - from).toFixed(2), height: height - 2 * inset,
        ...pt.paint(span.kind), class: ((thin ? "waits" : "") + (faded ? " faded" : "")).trim() || null}));
      const text = this.fitting(span, to - from);
      if (!thin && height >= 11 && text) {
        const middle = (Math.max(from, kTime.left) + Math.min(to, this.width - kTime.right)) / 2;
        boxes.append(pt.svg("text", {class: "box-label" + (faded ? " faded" : ""), x: middle.toFixed(1), y: y + height / 2 + 4}, text));
      }
    }
  }
  // The whole label, or where there is no room its letter and microbatch, or its letter.
  fitting(span, width) {
    const letter = pt.letter(span.kind), texts = [this.label(span), span.microbatch >= 0 ? letter + span.microbatch : letter, letter];
    return texts.find(text => text && width > pt.textWidth(text) + 3);
  }
  label(span) {
    const letter = pt.letter(span.kind);
    if (span.microbatch === undefined || span.microbatch < 0) return letter;
    return (this.severalStages ? span.stage : "") + letter + span.microbatch + pt.sliceText(span);
  }
  describe(span) {
    const what = span.waiting ? "waiting" : pt.look(span.kind).name;
    const slice = span.slices > 1 ? ` slice ${span.slice} of ${span.slices},` : "";
    const of = span.microbatch >= 0 ? `, microbatch ${span.microbatch},${slice} stage ${span.stage}` : "";
    return `${span.text || what + of}\n${pt.number(span.start)} to ${pt.number(span.end)} ${this.spec.unit}: ${pt.number(span.end - span.start)} ${this.spec.unit}`;
  }

  table() {
    const kMost = 3000, rows = [];
    let all = 0;
    for (const drawing of this.spec.drawings) drawing.ranks.forEach((rank, r) => rank.forEach(span => {
      if (++all > kMost) return;
      rows.push([drawing.title, String(r), span.waiting ? "wait" : span.kind, span.stage >= 0 ? String(span.stage) : "", span.microbatch >= 0 ? span.microbatch + pt.sliceText(span) : "",
        pt.number(span.start, 6), pt.number(span.end, 6), pt.number(span.end - span.start)]);
    }));
    return pt.table([{name: "drawing"}, {name: "rank", number: true}, {name: "action"}, {name: "stage", number: true}, {name: "microbatch", number: true},
      {name: "start, " + this.spec.unit, number: true}, {name: "end", number: true}, {name: "length", number: true}], rows,
      all > kMost ? `the first ${kMost} of ${all} spans` : this.spec.title);
  }

  show(range) { this.range = range && (range[0] > 0 || range[1] < this.end) ? [Math.max(0, range[0]), Math.min(this.end, range[1])] : null; this.draw(); }
  zoom(factor, at) {
    const [low, high] = this.x, centre = at ?? (low + high) / 2;
    this.show([centre - (centre - low) * factor, centre + (high - centre) * factor]);
  }
  pan(share) {
    const [low, high] = this.x, span = high - low, start = Math.max(0, Math.min(this.end - span, low + share * span));
    if (this.range) this.show([start, start + span]);
  }
  at(px, py) {
    const place = this.places?.find(p => py >= p.y && py < p.y + p.height);
    if (!place || px < kTime.left) return null;
    const time = this.fromX(px), found = place.rank.filter(s => s.start <= time && time < s.end);
    return found.length ? {span: found.find(s => !s.waiting) || found[0], place} : null;
  }
  listen() {
    const place = event => pt.placeIn(this.drawing, event);
    let from = null;
    pt.fill(this.drawing, {
      onpointerdown: event => { if (event.button === 0 && event.pointerType !== "touch") { from = place(event)[0]; this.drawing.setPointerCapture(event.pointerId); } },
      onpointermove: event => {
        const [x, y] = place(event);
        if (from !== null && Math.abs(x - from) > 3) {
          this.over.replaceChildren(pt.svg("rect", {class: "selection", x: Math.min(from, x), y: 0, width: Math.abs(x - from), height: this.height}));
          return;
        }
        const found = this.at(x, y), microbatch = found && !found.span.waiting && found.span.microbatch >= 0 ? found.span.microbatch : null;
        if (from === null && microbatch !== this.marked) this.mark(microbatch);
        if (!found) return pt.tip.hide();
        const text = `${this.spec.rankWord || "rank"} ${found.place.number}, ${this.describe(found.span)}`;
        this.readout.textContent = text.replace("\n", ", ");
        pt.tip.show(text, event.clientX, event.clientY);
      },
      onpointerup: event => {
        const to = place(event)[0];
        if (from !== null && Math.abs(to - from) > 6) this.show([this.fromX(Math.min(from, to)), this.fromX(Math.max(from, to))]);
        from = null;
      },
      onpointerleave: () => { pt.tip.hide(); if (this.marked !== null) this.mark(null); },
      ondblclick: () => this.show(null),
      onkeydown: event => this.key(event),
    }, []);
  }
  key(event) {
    const acts = {ArrowRight: () => this.pan(0.2), ArrowLeft: () => this.pan(-0.2), "+": () => this.zoom(0.5), "=": () => this.zoom(0.5),
      "-": () => this.zoom(2), "0": () => this.show(null), m: () => {
        const all = this.spec.drawings.flatMap(d => d.ranks.flat()).map(s => s.microbatch ?? -1), most = Math.max(...all);
        this.mark(this.marked === null ? 0 : this.marked >= most ? null : this.marked + 1);
        this.readout.textContent = this.marked === null ? "" : "microbatch " + this.marked;
      }};
    if (!acts[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
  }
};
