// The ranks at one moment: what each does, which microbatches it keeps, and messages on their way.

const kMove = {box: 96, height: 46, gap: 54, top: 30, kept: 16, row: 5};

// made: of pt.replay(). The time is between 0 and its makespan.
pt.drawMoves = (svg, title, schedule, made, time) => {
  const {box, height, gap, top, kept, row} = kMove, ranks = schedule.ranks.length;
  const left = r => 30 + r * (box + gap), middle = r => left(r) + box / 2, parts = [];
  const keptOf = made.spans.map(spans => {
    const live = new Map();
    for (const span of spans) {
      const key = span.stage + ":" + span.microbatch + pt.sliceText(span);
      if (span.kind === "F" && span.start <= time) live.set(key, span);
      if (span.kind === "W" && span.end <= time) live.delete(key);
    }
    return [...live.values()];
  });
  const rows = Math.max(1, ...keptOf.map(all => Math.ceil(all.length / row)));
  const bottom = top + height + 34 + rows * (kept + 3);
  for (let r = 0; r < ranks; r++) {
    const span = made.spans[r].find(s => s.start <= time && time < s.end);
    const works = span && !span.waiting, name = span && (schedule.own[r].length > 1 ? span.stage : "") + (span.waiting ? span.of : span.kind) + span.microbatch + pt.sliceText(span);
    parts.push(
      pt.svg("rect", {x: left(r), y: top, width: box, height, rx: 6, ...(works ? pt.paint(span.kind) : {class: "rank-box"})}),
      pt.svg("text", {class: "name", x: middle(r), y: top - 10}, "rank " + r),
      pt.svg("text", {class: works ? "box-label" : "note", x: middle(r), y: top + height / 2 + 5, style: works ? "font-size:15px" : null},
        works ? name : span ? "waits for " + name : time >= made.makespan || made.spans[r].every(s => s.end <= time) ? "done" : "idle"),
      pt.svg("text", {class: "note", x: middle(r), y: top + height + 16}, "keeps " + (keptOf[r].length ? "" : "nothing")));
    keptOf[r].forEach((one, i) => {
      const x = left(r) + (i % row) * (kept + 3) + 1, y = top + height + 22 + Math.floor(i / row) * (kept + 3);
      parts.push(pt.svg("rect", {class: "kept", x, y, width: kept, height: kept, rx: 3}),
        pt.svg("text", {class: "kept-label", x: x + kept / 2, y: y + 12}, one.microbatch + pt.sliceText(one)));
    });
  }
  // Neighbours have a line each way; from the last rank back to the first it leads below all.
  const spot = (message, share) => {
    const down = message.to > message.from, near = Math.abs(message.to - message.from) === 1;
    const from = left(message.from) + (down ? box : 0), to = left(message.to) + (down ? 0 : box);
    if (near) return [from + (to - from) * share, top + (message.forward ? 14 : height - 14)];
    const a = middle(message.from), b = middle(message.to);
    return [a + (b - a) * share, bottom + (message.forward ? 8 : 22)];
  };
  for (const message of made.messages) {
    if (message.sent > time || message.taken <= time) continue;
    const length = made.makespan / 400, arrival = message.taken;  // a free message is seen for as long as it waits
    const share = arrival - message.sent > length ? Math.min(1, (time - message.sent) / Math.max(length, Math.min(arrival - message.sent, pt.moveTime || length))) : 1;
    const [x, y] = spot(message, 0.12 + 0.76 * share);
    parts.push(pt.svg("circle", {class: "moving", cx: x, cy: y, r: 9, fill: `url(#${pt.textureId(message.forward ? "F" : "I")})`}),
      pt.svg("text", {class: "moving-label", x, y: y + 3.5}, message.microbatch + pt.sliceText(message)));
  }
  const far = made.messages.some(message => Math.abs(message.to - message.from) > 1);
  const width = left(ranks - 1) + box + 30, full = bottom + (far ? 36 : 4);
  for (let r = 0; r + 1 < ranks; r++) for (const y of [top + 14, top + height - 14]) {
    parts.unshift(pt.svg("path", {class: "way", d: `M${left(r) + box} ${y}H${left(r + 1)}`}));
  }
  if (far) for (const y of [bottom + 8, bottom + 22]) parts.unshift(pt.svg("path", {class: "way", d: `M${middle(0)} ${y}H${middle(ranks - 1)}`}));
  svg.replaceChildren(pt.textures(["F", "I", "W", "R"]), ...parts);
  pt.setSize(svg, width, full);
  svg.setAttribute("aria-label", `${title} at ${pt.number(time)}: what each rank does`);
  svg.style.width = (width * pt.scale()).toFixed(1) + "px";
};
