// The figures of steps over steps, tokens or time: which there are, what they mean, and their plots.
const kFigures = [
  {key: "loss", title: "Loss", log: true, also: "val_loss", name: "training", alsoName: "validation",
   explain: "Cross entropy, mean over the step's targets; the validation loss is of data that the run never trains on."},
  {key: "val_accuracy", title: "Accuracy in validation", marks: true, format: v => pt.percent(v, 2), explain: "Share of the validation rows whose label the model finds the likeliest."},
  {key: "learning_rate", title: "Learning rate", zero: true, explain: "What the update multiplies its direction by."},
  {key: "grad_norm", title: "Gradient norm", log: true, explain: "Length of the whole gradient, before it is clipped."},
  {key: "tokens_per_second", title: "Tokens per second", zero: true, format: v => pt.si(v), explain: "Of all ranks together, evaluations and checkpoints apart."},
  {key: "samples_per_second", title: "Samples per second", zero: true, format: v => pt.si(v), explain: "Of all ranks together, evaluations and checkpoints apart."},
  {key: "step_seconds", title: "Time of a step", zero: true, format: v => pt.seconds(v), explain: "Mean since the line before; of the slowest rank."},
  {key: "bubble_fraction", title: "Bubble", also: "bubble_predicted", name: "measured", alsoName: "predicted", zero: true, format: v => pt.percent(v),
   explain: "Share of the ranks' time with nothing to compute. Predicted: the schedule simulated with the stages' measured times."},
];
const kAxes = {
  step: {label: "step", of: metrics => metrics.step},
  seen: {label: "seen", of: metrics => metrics.tokens || metrics.samples},
  time: {label: "seconds of training", of: metrics => metrics.elapsed_seconds},
};

pt.column = (metrics, key, x) => {
  const values = metrics[key], points = [];
  if (!values || !x) return points;
  values.forEach((value, i) => { if (value !== null && x[i] !== null && x[i] !== undefined) points.push([x[i], value]); });
  return points;
};
// A step whose loss was not finite has no number there: a gap.
pt.lossColumn = (metrics, x) => (metrics.loss || []).map((value, i) => [x?.[i], value]).filter(([at, value], i) =>
  at !== undefined && at !== null && (value !== null || (metrics.learning_rate?.[i] ?? null) !== null)).map(([at, value]) => [at, value === null ? NaN : value]);

pt.Curves = class {
  constructor() {
    this.axis = pt.xAxis();
    this.by = "step";
    this.plots = new Map();
    this.grid = pt.el("div", {class: "plots"});
    this.choice = pt.el("select", {"aria-label": "Horizontal axis", onchange: event => { this.by = event.target.value; this.axis.range = null; this.update(this.runs); }},
      pt.el("option", {value: "step"}, "over steps"), pt.el("option", {value: "seen"}, "over tokens or samples seen"), pt.el("option", {value: "time"}, "over time of training"));
    this.element = pt.el("div", {}, pt.el("p", {class: "bar no-print"}, this.choice,
      pt.el("span", {class: "small muted"}, "Drag across a plot to look closer at all of them; double click for all. With the keyboard: arrows, + − 0.")), this.grid);
  }
  series(figure, runs) {
    const many = runs.length > 1;
    return runs.flatMap((run, r) => {
      const x = kAxes[this.by].of(run.metrics), name = many ? run.name : figure.name || figure.title;
      const points = figure.key === "loss" ? pt.lossColumn(run.metrics, x) : pt.column(run.metrics, figure.key, x);
      const list = points.length ? [{name: many && figure.also ? `${name}, ${figure.name}` : name, run: r, marks: figure.marks, points}] : [];
      const also = figure.also ? pt.column(run.metrics, figure.also, x) : [];
      if (also.length) list.push({name: many ? `${name}, ${figure.alsoName}` : figure.alsoName, run: many ? r : 1, dash: true, marks: figure.also === "val_loss", points: also});
      return list;
    });
  }
  update(runs) {
    this.runs = runs;
    for (const figure of kFigures) {
      const series = this.series(figure, runs);
      let plot = this.plots.get(figure.key);
      if (series.length === 0) { plot?.element.remove(); continue; }
      const spec = {...figure, series, name: figure.key, xLabel: kAxes[this.by].label, yFormat: figure.format || pt.number};
      if (plot) plot.update(spec); else this.plots.set(figure.key, plot = new pt.Plot(spec, this.axis));
      if (!plot.element.isConnected || plot.element.parentNode !== this.grid) this.grid.append(plot.element);
    }
    this.grid.hidden = this.grid.children.length === 0;
  }
};
