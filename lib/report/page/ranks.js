// What is of ranks: bars of time and memory, their places, the model's layers over them.

// spec: {title, explain, name, unit text: format, kinds: [{key, name, paint}], rows: [{label, parts: {key: value}, marks: [{value, text}]}]}
pt.Bars = class {
  constructor(spec) {
    this.spec = spec;
    this.drawing = pt.svg("svg", {role: "img", "aria-label": spec.title + ": bars; the table below has their values"});
    const legend = pt.el("ul", {class: "legend"}, spec.kinds.map(kind => pt.el("li", {},
      pt.svg("svg", {viewBox: "0 0 26 12", "aria-hidden": true}, this.patterns(), pt.svg("rect", {x: 0.5, y: 0.5, width: 25, height: 11, rx: 1.5, ...this.paint(kind)})), kind.name)),
      spec.markName ? pt.el("li", {}, pt.svg("svg", {viewBox: "0 0 26 12", "aria-hidden": true}, pt.svg("path", {d: "M13 0V12", class: "axis", "stroke-width": 2})), spec.markName) : null);
    this.element = pt.el("figure", {class: "plot"}, pt.el("figcaption", {}, pt.el("strong", {}, spec.title)),
      spec.explain ? pt.el("p", {}, spec.explain) : null, legend, this.drawing, pt.values(() => this.table()));
    pt.onWidth(this.drawing, width => this.draw(width));
  }
  patterns() { return pt.textures([...new Set(this.spec.kinds.map(kind => kind.like))]); }
  paint(kind) { return {...pt.paint(kind.like), ...(kind.faint ? {"fill-opacity": 0.55} : {})}; }
  draw(width) {
    const left = 14 + Math.max(52, ...this.spec.rows.map(row => 6.4 * row.label.length)), right = 88, height = this.spec.rows.length > 24 ? 15 : 24, spec = this.spec, parts = [this.patterns()];
    const total = row => spec.kinds.reduce((sum, kind) => sum + (row.parts[kind.key] || 0), 0);
    const most = Math.max(1e-12, ...spec.rows.flatMap(row => [total(row), ...(row.marks || []).map(mark => mark.value)]));
    const scale = (width - left - right) / most;
    spec.rows.forEach((row, r) => {
      const y = r * height;
      parts.push(pt.svg("text", {x: left - 6, y: y + height / 2 + 3, "text-anchor": "end"}, row.label));
      let x = left;
      for (const kind of spec.kinds) {
        const value = row.parts[kind.key] || 0;
        if (value <= 0) continue;
        const text = `${row.label}, ${kind.name}: ${spec.format(value)} (${pt.percent(value / total(row))})`;
        parts.push(pt.svg("rect", {x: x.toFixed(2), y: y + 2, width: Math.max(0.3, value * scale).toFixed(2), height: height - 5, ...this.paint(kind),
          onpointermove: event => pt.tip.show(text, event.clientX, event.clientY), onpointerleave: () => pt.tip.hide()}));
        const letter = kind.letter || "";
        if (letter && value * scale > 8 * letter.length + 6) parts.push(pt.svg("text", {class: "box-label", x: (x + value * scale / 2).toFixed(1), y: y + height / 2 + 3.5}, letter));
        x += value * scale;
      }
      for (const mark of row.marks || []) parts.push(pt.svg("path", {class: "axis", "stroke-width": 2, d: `M${(left + mark.value * scale).toFixed(1)} ${y}V${y + height - 1}`}));
      const words = [spec.format(total(row)), ...(row.marks || []).map(mark => spec.format(mark.value))], ends = [x, ...(row.marks || []).map(mark => left + mark.value * scale)];
      words.forEach((text, i) => {  // beside what it is of, unless that is within the bar or the next stroke is too near
        if (ends[i] >= x && (i + 1 === words.length || ends[i + 1] < x || ends[i + 1] - ends[i] > 7 * text.length + 8)) parts.push(pt.svg("text", {x: ends[i] + 5, y: y + height / 2 + 3}, text));
      });
    });
    this.drawing.replaceChildren(...parts);
    pt.setSize(this.drawing, width, spec.rows.length * height);
  }
  table() {
    const spec = this.spec, marks = spec.rows.find(row => row.marks?.length)?.marks || [];
    return pt.table([{name: "rank"}, ...spec.kinds.map(kind => ({name: kind.name, number: true})), ...marks.map(mark => ({name: mark.text, number: true}))],
      spec.rows.map(row => [row.label, ...spec.kinds.map(kind => row.parts[kind.key] ? spec.format(row.parts[kind.key]) : "0"),
        ...marks.map((_, i) => row.marks?.[i] ? spec.format(row.marks[i].value) : "")]), spec.title);
  }
};

const kTimes = [
  ["forward", "F", "F: forward"], ["backward input", "I", "I: gradient of the input"], ["backward weight", "W", "W: gradient of the weights"], ["recompute", "R", "R: recomputed forward"],
  ["wait for data", "feed", "waiting for data", true], ["wait for activations", "F", "waiting for activations of the rank before", true], ["wait for gradients", "I", "waiting for gradients of the rank behind", true],
  ["wait for weights", "gather", "waiting for sharded weights", true], ["wait for sums", "reduce", "waiting for sums of gradients (replicas, tied weights)", true],
  ["reduce", "reduce", "Σ: figures and gradient norm, and waiting for the slowest rank"], ["update", "update", "U: update of the weights"], ["gather", "gather", "G: gathering weights"], ["feed", "feed", "D: reading and sending data"], ["rest", "wait", "all else"]];

pt.timeBars = run => {
  const ranks = run.record?.figures?.ranks;
  if (!ranks || !ranks.some(rank => rank.times)) return null;
  const kinds = kTimes.filter(([key]) => ranks.some(rank => rank.times?.[key] > 0));
  return new pt.Bars({title: "Seconds of all training steps, by rank", format: pt.seconds,
    explain: "A rank computes, waits for its neighbours, or does what a step needs beside that. Waiting has the colour, fainter, of what could not run yet.",
    kinds: kinds.map(([key, like, name, faint]) => ({key, like, name, faint, letter: faint ? "" : pt.letter(like)})),
    rows: ranks.map((rank, r) => ({label: "rank " + r, parts: rank.times || {}}))}).element;
};

const kMemory = [
  ["weights", "F", "weights"], ["gathered", "gather", "gathered: sharded weights that are whole for a while"], ["gradients", "I", "gradients"],
  ["moments", "W", "moments of the optimizer"], ["packed", "update", "packed: copies of weights as products want them"],
  ["activations", "B", "activations of microbatches under way"], ["messages", "feed", "messages: batches, sends, sums"],
  ["work", "R", "work: what one action takes and gives back"], ["short batch", "reduce", "short batch: more for an epoch's last step", true],
  ["evaluation", "gather", "evaluation: more for it", true], ["checkpoint", "W", "checkpoint: the copy that is written", true],
  ["unused", "feed", "unused: blocks that nothing lay in when most was used", true]];
const kProcess = [["tensors", "F", "tensors"], ["own", "update", "its own pages beside tensors: buffers of libraries, tables, stacks"],
  ["shared", "wait", "pages that it shares with other processes: programs, libraries, segments of MPI"]];
const kindsIn = (all, rows) => all.filter(([key]) => rows.some(row => row.parts[key] > 0)).map(([key, like, name, faint]) => ({key, like, name, faint}));
// Tensors by kind, and the processes around them.
pt.memoryBars = run => {
  const memory = run.record?.memory, ranks = run.record?.ranks || [], ended = run.record?.figures?.ranks;
  if (!memory || memory.length === 0) return null;
  const known = ended?.some(rank => rank.taken), most = run.metrics.peak_bytes || [];
  const rows = (ranks.length ? ranks : memory).flatMap((rank, r) => {
    const foreseen = {label: known ? `${r} foreseen` : "rank " + r, parts: memory[rank.pipeline ?? r] || {}, marks: []};
    if (!known && most[r] > 0) foreseen.marks.push({value: most[r], text: "tensors taken so far"});
    return known ? [foreseen, {label: `${r} taken`, parts: ended[r]?.taken || {}}] : [foreseen];
  });
  const tensors = new pt.Bars({title: known ? "Tensors by kind, foreseen and taken" : "Tensors foreseen by kind", format: pt.bytes,
    explain: known ? "Foreseen: before any was made. Taken: all that the run took from the system for tensors, by what lay there when most was used."
      : "Before any was made." + (most.length ? " A stroke: the most that they took so far; what for is known when the run has ended by itself." : ""),
    markName: !known && most.length ? "tensors taken so far" : null, kinds: kindsIn(kMemory, rows), rows}).element;
  if (!known) return [tensors];
  const processes = ended.map((rank, r) => ({label: "rank " + r, marks: [{value: rank.resident_bytes, text: "resident, as the system says"}],
    parts: {tensors: rank.tensor_bytes, own: Math.max(0, rank.own_bytes - rank.tensor_bytes), shared: Math.max(0, rank.resident_bytes - rank.own_bytes)}}));
  return [tensors, new pt.Bars({title: "What each process had at the run's end", format: pt.bytes,
    explain: "The stroke is the resident size, as the system says it. Where it is less than the bar, the system has not yet had to give pages for every tensor.",
    markName: "resident", kinds: kindsIn(kProcess, processes), rows: processes}).element];
};

pt.stageColour = stage => `var(--run-${stage % 6})`;
pt.modelTable = run => {
  const model = run.record?.model;
  if (!model?.layers?.length) return null;
  const moments = run.record.moments ?? 2, flop = model.layers.reduce((sum, layer) => sum + layer.forward_flop, 0) || 1;
  const timed = model.layers.some(layer => layer.seconds), shape = row => "(" + row.join(", ") + ")";
  const columns = [{name: "layer"}, {name: "stage"}, {name: "rank", number: true}, {name: "row in"}, {name: "row out"}, {name: "parameters", number: true},
    {name: "memory", number: true}, {name: "FLOP"}, ...(timed ? [{name: "F", number: true}, {name: "I", number: true}, {name: "W", number: true}] : [])];
  const made = pt.table(columns, model.layers.map(layer => [layer.name + (layer.tied_to ? ` (uses ${layer.tied_to})` : ""),
    pt.el("span", {class: "stage", style: "border-color:" + pt.stageColour(layer.stage)}, "stage " + layer.stage), String(layer.rank),
    shape(layer.input_row), shape(layer.output_row), layer.parameters.toLocaleString("en"), pt.bytes(layer.parameters * 4 * (2 + moments)),
    pt.el("span", {}, pt.percent(layer.forward_flop / flop), pt.el("span", {class: "share", style: `width:${(6 * layer.forward_flop / flop).toFixed(2)}rem`})),
    ...(timed ? (layer.seconds || [NaN, NaN, NaN]).map(pt.seconds) : [])]),
    `${model.layers.length} layers, ${model.parameters.toLocaleString("en")} parameters, cut ${model.cut}` + (timed ? "; F, I and W of one microbatch as measured at the start" : "") + "; memory: weights, gradients and the optimizer's moments");
  made.querySelector("table").classList.add("tight");
  return made;
};

pt.rankGrid = run => {
  const ranks = run.record?.ranks;
  if (!ranks?.length) return null;
  const hosts = new Map();
  ranks.forEach((rank, r) => { if (!hosts.has(rank.host)) hosts.set(rank.host, []); hosts.get(rank.host).push([r, rank]); });
  const grid = run.record.grid || {data: 1, tensor: 1};
  return pt.el("div", {class: "hosts"}, [...hosts].map(([host, members]) => pt.el("div", {class: "host"},
    pt.el("h3", {}, host), pt.el("div", {class: "small muted"}, [...new Set(members.map(([, rank]) => rank.processor))].filter(Boolean).join("; ")),
    pt.el("div", {class: "ranks"}, members.map(([r, rank]) => pt.el("div", {class: "rank", style: "border-color:" + pt.stageColour(rank.stages?.[0] ?? r)},
      pt.el("strong", {}, "rank " + r), (rank.stages?.length === 1 ? "stage " : "stages ") + (rank.stages || []).join(", "),
      pt.el("div", {class: "muted"}, [grid.data > 1 ? "replica " + rank.data : "", grid.tensor > 1 ? "slice " + rank.tensor : "",
        `${rank.threads} thread${rank.threads === 1 ? "" : "s"}, ${rank.cores} core${rank.cores === 1 ? "" : "s"}` + (rank.sharing > 1 ? ` shared by ${rank.sharing} ranks` : "")].filter(Boolean).join(", "))))))));
};
