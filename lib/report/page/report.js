// Puts the report together, and keeps it up to date while a run goes on.
pt.Report = class {
  constructor() {
    this.chosen = 0;
    this.made = new Map();      // what a section was drawn from
    this.curves = new pt.Curves();
    this.sections = [
      {id: "figures", title: "Headline figures", short: "Figures", of: "all", draw: runs => [...runs.flatMap(run => pt.notices(run, runs.length > 1)), pt.headlineCards(runs)]},
      {id: "curves", title: "Curves", of: "curves"},
      {id: "step", title: "One step on all ranks", short: "One step", draw: run => this.step(run)},
      {id: "time", title: "Where the time went", short: "Time", draw: run => pt.timeBars(run) || this.missing("It is known when a run has ended by itself.")},
      {id: "memory", title: "Memory", draw: run => pt.memoryBars(run) || this.missing("There is no forecast in the run directory.")},
      {id: "model", title: "The model, layer by layer", short: "Model", draw: run => pt.modelTable(run) || this.missing("There is no run.json that lists the layers.")},
      {id: "ranks", title: "Ranks and hosts", short: "Ranks", draw: run => pt.rankGrid(run) || this.missing("There is no run.json that lists the ranks.")},
      {id: "end", title: "Checkpoints, and what ended the run", short: "Checkpoints and end", draw: run => [pt.starts(run), pt.checkpoints(run), run.errors.trim() ? pt.el("pre", {}, run.errors) : null]},
      {id: "settings", title: "Configuration", of: "all", draw: runs => pt.settings(runs)},
      {id: "environment", title: "Environment", draw: run => [pt.environment(run) || this.missing("There is no run.json."),
        run.log ? pt.el("details", {}, pt.el("summary", {}, "End of the log (run.log)"), pt.el("pre", {tabindex: 0}, run.log)) : null,
        run.config ? pt.el("details", {}, pt.el("summary", {}, "config.yaml"), pt.el("pre", {tabindex: 0}, run.config)) : null]},
    ];
  }
  missing(text) { return pt.el("p", {class: "muted"}, text); }

  step(run) {
    if (!run.step) return this.missing("No step was looked at: there is no trace.json and no last_step.json.");
    const kinds = row => ({kind: row[0], stage: row[1], microbatch: row[2], start: row[3], end: row[4], waiting: row[0] === "wait",
      text: row[0] === "wait" ? `waiting for what ${row[5] === "reduce" ? "the sums over replicas need" : row[5] === "gather" ? "stage " + row[1] + " gathers" : row[1] + row[5] + row[2] + " needs"}` : ""});
    const spec = {title: `Step ${run.step.step}` + (run.step.of > 1 ? `, of median duration of ${run.step.of} traced` : ""), name: "step",
      unit: run.step.unit, explain: "Each row is a rank, time runs to the right. Above: what was measured; below: the same schedule simulated with the mean times of the stages. " +
        "Point at a box to follow its microbatch through the ranks. " + run.step.note,
      drawings: run.step.drawings.map((d, i) => ({title: `${d.title}: bubble ${pt.percent(run.step.bubble[i])}`, ranks: d.ranks.map(rank => rank.map(kinds))}))};
    if (this.timeline) this.timeline.update(spec); else this.timeline = new pt.Timeline(spec);
    return [this.timeline.element, ...run.step.drawings.map(d => pt.el("p", {class: "small muted"}, `${d.title}: ${d.note}`))];
  }

  header(runs) {
    const one = runs.length === 1 ? runs[0] : null, record = one?.record || {};
    const dates = [record.started ? "started " + record.started : "", record.ended ? "ended " + record.ended : "", record.world || ""].filter(Boolean).join(", ");
    return [pt.el("div", {class: "bar"}, pt.el("h1", {}, one ? one.name : runs.map(run => run.name).join(", ")), one ? pt.badge(one) : null,
      pt.el("span", {class: "grow"}), this.live = pt.el("span", {class: "small muted", role: "status"}), pt.el("span", {class: "no-print bar"}, this.theme ||= pt.theme.button(), pt.el("button", {type: "button", onclick: () => print()}, "Print"))),
    pt.el("p", {class: "sub small"}, one ? dates : `${runs.length} runs laid over each other`), one ? pt.el("p", {class: "sub small"}, pt.el("code", {}, record.command || one.folder)) : null];
  }
  build() {
    this.head = pt.el("header", {class: "top"});
    this.select = pt.el("select", {"aria-label": "Which run the sections below show", onchange: event => { this.chosen = event.target.selectedIndex; this.update(this.data); }});
    this.selectBar = pt.el("p", {class: "bar no-print"}, "The sections below show", this.select);
    const main = pt.el("main", {id: "main"});
    for (const section of this.sections) {
      section.place = pt.el("div", {});
      main.append(pt.el("section", {"aria-labelledby": section.id}, pt.el("h2", {id: section.id}, section.title), section.place));
      if (section.id === "curves") { section.place.append(this.curves.element); main.append(this.selectBar); }
    }
    document.getElementById("page").replaceChildren(pt.el("a", {class: "skip", href: "#main"}, "To the report"), this.head,
      pt.el("nav", {class: "top", "aria-label": "Sections"}, pt.el("div", {class: "inner"}, this.sections.map(s => pt.el("a", {href: "#" + s.id}, s.short || s.title)))), main,
      this.foot = pt.el("footer", {}));
  }
  // Draws what has changed since the last time.
  redraw(key, from, draw, place) {
    const text = JSON.stringify(from);
    if (this.made.get(key) === text) return;
    this.made.set(key, text);
    const open = [...place.querySelectorAll("details")].map(details => details.open);
    place.replaceChildren(...[draw()].flat().filter(Boolean));
    place.querySelectorAll("details").forEach((details, i) => { if (open[i]) details.open = true; });
  }
  update(data) {
    this.data = data;
    const runs = data.runs;
    this.chosen = Math.min(this.chosen, runs.length - 1);
    const run = runs[this.chosen];
    this.redraw("head", runs.map(r => [r.name, r.state, r.record?.started, r.record?.ended]), () => this.header(runs), this.head);
    this.selectBar.hidden = runs.length === 1;
    this.redraw("select", runs.map(r => r.name), () => runs.map((r, i) => pt.el("option", {selected: i === this.chosen}, r.name)), this.select);
    for (const section of this.sections) {
      if (section.of === "curves") {
        if (runs.some(r => r.metrics.lines > 0)) {
          if (!section.place.contains(this.curves.element)) section.place.replaceChildren(this.curves.element);
          this.curves.update(runs);
        }
        else this.redraw("none", 0, () => this.missing("There are no lines of metrics yet."), section.place);
      } else if (section.of === "all") this.redraw(section.id, runs.map(r => ({...r, step: 0, log: 0, checkpoints: 0})), () => section.draw(runs), section.place);
      else this.redraw(section.id, section.id === "step" ? run.step : section.id === "environment" ? run : {...run, metrics: run.metrics.peak_bytes, log: 0, step: 0}, () => section.draw(run), section.place);
    }
    this.foot.textContent = `Made by ${data.program}. ` + (data.updates === "none" ? "This file needs nothing beside it." : "");
  }
  listen() {
    const say = text => { this.status = text; if (this.live) this.live.textContent = text; };
    if (this.data.updates === "reload" && this.data.runs.some(run => run.state === "running")) {
      say("reads itself again every 10 s");
      setTimeout(() => location.reload(), 10000);
    }
    if (this.data.updates !== "events") return;
    const events = new EventSource("events");
    events.onmessage = event => { this.update(JSON.parse(event.data)); say("live, " + new Date().toLocaleTimeString()); };
    events.onopen = () => say("live");
    events.addEventListener("problem", event => say(JSON.parse(event.data)));
    events.onerror = () => say("the connection is lost; trying again");
  }
};
pt.report = new pt.Report();
pt.report.build();
pt.report.update(pt.data());
pt.report.listen();
