// The explorer of schedules: settings on one side, what follows from them on the other; all of it is in the address.

const data = JSON.parse(document.getElementById("data").textContent);
const kinds = Object.fromEntries(data.schedules.map(schedule => [schedule.name, schedule]));
const kNone = "none";
const kPlain = {b: kNone, f: 1, i: 1, w: 1, c: 0, r: 0, k: "", t: 0};
const state = {...kPlain, ...data.start};

// Of a schedule the ranks and stages a rank that it has here. Lists are named by M, or by M and the slices: "8.4".
const sizesOf = name => Object.keys(data.lists[name] || {}).map(key => key.split(".").map(Number));
const stagesFor = (name, p, v) => {
  const all = sizesOf(name).filter(([ranks]) => ranks === p).map(([, stages]) => stages);
  return all.includes(v) ? v : all.includes(kinds[name].stages) ? kinds[name].stages : all[0];
};
const scheduleOf = name => {
  const v = stagesFor(name, state.p, state.v), entry = data.lists[name]?.[state.p + "." + v], behind = state.n > 1 ? "." + state.n : "";
  const lists = entry?.lists[state.m + behind];
  if (lists !== undefined) return {v, ...pt.decodeSchedule(lists, entry.at, state.m, state.n)};
  return {missing: Object.keys(entry?.lists || {}).map(key => key.split(".")).filter(([, n]) => (n || "1") === String(state.n)).map(([m]) => m)};
};
const factors = stages => {
  const given = state.k ? state.k.split("_").map(Number) : [];
  return Array.from({length: stages}, (_, s) => given[s] >= 0 && Number.isFinite(given[s]) ? given[s] : 1);
};
const costsOf = schedule => ({message: state.c, stages: data.stageCosts && schedule.rankOf.length === data.stageCosts.length
  ? data.stageCosts.map((stage, s) => scaled(stage.F, stage.I, stage.W, factors(data.stageCosts.length)[s]))
  : factors(schedule.rankOf.length).map(factor => scaled(...[state.f, state.i, state.w].map(cost => cost / (schedule.rankOf.length / schedule.ranks.length)), factor))});
const scaled = (F, I, W, factor) => ({F: F * factor, I: I * factor, W: W * factor, R: state.r ? F * factor : 0});

const readAddress = () => {
  Object.assign(state, kPlain, data.start);
  for (const [key, text] of new URLSearchParams(location.hash.slice(1))) {
    if (!(key in state)) continue;
    const number = Number(text);
    if (typeof state[key] !== "number") state[key] = text;
    else if (Number.isFinite(number) && number >= 0 && number <= 1e6) state[key] = number;
  }
  if (!kinds[state.s]) state.s = data.start.s;
  if (state.b !== kNone && !kinds[state.b]) state.b = kNone;
  for (const [key, all] of [["p", data.ranks], ["m", data.microbatches], ["v", data.stages], ["n", data.slices]]) if (!all.includes(state[key])) state[key] = data.start[key];
  if (state.f + state.i + state.w <= 0) state.f = state.i = state.w = 1;
};
const writeAddress = () => {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (key in data.start || value !== kPlain[key]) words.set(key, value);
  history.replaceState(null, "", "#" + words);
};

const settings = pt.el("form", {class: "panel settings no-print", "aria-label": "Settings", onsubmit: event => event.preventDefault()});
const listed = (key, label, all, explain) => {
  const output = pt.el("output", {}), input = pt.el("input", {type: "range", min: 0, max: all.length - 1, step: 1, name: key, title: explain});
  input.addEventListener("input", () => { state[key] = all[input.value]; changed(); });
  return {row: pt.el("label", {}, label, output, input), show() {
    input.value = all.indexOf(state[key]);
    input.disabled = all.length < 2;
    input.setAttribute("aria-valuetext", state[key]);
    output.textContent = state[key];
  }};
};
const ranged = (key, label, high, step) => {
  const output = pt.el("output", {}), input = pt.el("input", {type: "range", min: 0, max: high, step, name: key});
  input.addEventListener("input", () => {
    state[key] = Number(input.value);
    if (state.f + state.i + state.w <= 0) state[key] = step;
    changed();
  });
  return {row: pt.el("label", {}, label, output, input), show() { input.value = state[key]; output.textContent = pt.number(state[key]); }};
};
const chosen = (key, label, names) => {
  const select = pt.el("select", {name: key, onchange: () => { state[key] = select.value; changed(); }}, names.map(name => pt.el("option", {value: name}, name)));
  return {row: pt.el("label", {}, label, select), show() { select.value = state[key]; }};
};

const names = data.schedules.map(schedule => schedule.name);
const recompute = pt.el("input", {type: "checkbox", name: "r", onchange: () => { state.r = recompute.checked ? 1 : 0; changed(); }});
const stageSliders = pt.el("div", {});
const stageDetails = pt.el("details", {ontoggle: () => showStageSliders()}, pt.el("summary", {}, "Costs of single stages"), stageSliders);
const controls = [
  chosen("s", "Schedule", names), chosen("b", "Compare with", [kNone, ...names]),
  listed("p", "Ranks p", data.ranks, "Processes that share the model"),
  listed("m", "Microbatches M", data.microbatches, "Parts of a step's batch"),
  listed("v", "Stages per rank v", data.stages, "Of schedules that let you choose"),
  listed("n", "Slices of a sequence n", data.slices, "Parts of equal work that each microbatch's sequences are cut into"),
  ranged("f", "F, forward", 4, 0.25), ranged("i", "I, gradient of the input", 4, 0.25), ranged("w", "W, gradient of the weights", 4, 0.25),
  ranged("c", "Message between ranks", 2, 0.05),
];
settings.append(...controls.slice(0, 6).map(control => control.row), pt.el("fieldset", {}, pt.el("legend", {}, "Costs of a microbatch on a rank"),
  ...controls.slice(6).map(control => control.row), pt.el("label", {}, recompute, " Recompute: keep a stage's input alone, run F again as R"), stageDetails));

const showStageSliders = () => {
  if (!stageDetails.open) return stageSliders.replaceChildren();
  const stages = scheduleOf(state.s).rankOf?.length || 0, all = factors(stages);
  stageSliders.replaceChildren(pt.el("p", {class: "small muted"}, "Times what a stage costs anyway."), ...all.map((factor, s) => {
    const output = pt.el("output", {}, pt.number(factor));
    const input = pt.el("input", {type: "range", min: 0, max: 4, step: 0.25, name: "k" + s, oninput: () => {
      const now = factors(stages);
      now[s] = Number(input.value);
      state.k = now.every(each => each === 1) ? "" : now.join("_");
      output.textContent = pt.number(now[s]);
      changed(true);
    }});
    input.value = factor;
    return pt.el("label", {}, "Stage " + s, output, input);
  }));
};

const figures = pt.el("div", {}), about = pt.el("div", {});
const timeline = new pt.Timeline({title: "The step", drawings: []});
const memory = new pt.Strips({title: "Microbatches that each rank keeps", series: []});
const clock = pt.el("input", {type: "range", min: 0, max: 1000, step: 1, name: "t", "aria-label": "Time"}), clockText = pt.el("output", {class: "mono"});
const moves = [pt.svg("svg", {role: "img"}), pt.svg("svg", {role: "img"})], moveTitles = [pt.el("h3", {}), pt.el("h3", {})];
let shown = [], playing = 0;

// What is drawn: [{name, schedule, made}...].
const computed = () => [state.s, state.b].filter((name, i) => i === 0 || name !== kNone).map(name => {
  const schedule = scheduleOf(name);
  return {name, schedule, made: schedule.ranks ? pt.replay(schedule, costsOf(schedule)) : null};
});
const changed = keepStages => {
  shown = computed();
  for (const control of controls) control.show();
  recompute.checked = state.r > 0;
  if (keepStages !== true) showStageSliders();
  const whole = shown.filter(each => each.made), longest = Math.max(0, ...whole.map(each => each.made.makespan));
  state.t = Math.min(state.t, longest);
  pt.moveTime = state.c;
  about.replaceChildren(...shown.map(each => explain(each)));
  figures.replaceChildren(whole.length ? table(whole) : "", ...whole.map(formula));
  timeline.update({title: "The step: time from left to right, a row for each rank", explain: "Drag to look closer; point at an action to follow its microbatch.",
    name: whole.map(each => each.name).join("-and-"), unit: "", drawings: whole.map(each => ({title: titleOf(each), ranks: each.made.spans}))});
  memory.update({title: "Microbatches that a rank keeps, over time", zero: true, xLabel: "time", name: "memory",
    explain: "From a microbatch's F to its W, in shares of the rank's stages: what its activations take; at the right the most." + (state.r ? " A stage that recomputes keeps only its input until R." : ""),
    series: whole.flatMap(each => each.made.lives.map((points, r) => ({name: (whole.length > 1 ? each.name + ", " : "") + "rank " + r, row: "rank " + r, of: each.name, points})))});
  showMoment();
  writeAddress();
};
const titleOf = ({name, made}) => `${name}: makespan ${pt.number(made.makespan)}, bubble ${pt.percent(made.bubble)}`;

const explain = ({name, schedule, made}) => {
  const kind = kinds[name];
  return pt.el("div", {class: "about"}, pt.el("p", {}, pt.el("strong", {}, name), ": " + kind.idea, kind.paper ? pt.el("span", {class: "small muted"}, ` Published by ${kind.paper}.`) : null),
    made ? null : pt.el("p", {class: "notice warn", role: "status"}, `${name} ${state.n > 1 ? `in ${state.n} slices is not here` : "does not exist"} for ${state.p} ranks and ${state.m} microbatches` +
      (schedule.missing.length ? "; here it does for M = " + schedule.missing.join(", ") : "") + "."));
};
const table = whole => pt.table([{name: "F = forward, ..."}, ...whole.map(each => ({name: each.name, number: true}))].map((column, i) => i ? column : {name: "figure"}), [
  ["makespan: the whole step", ...whole.map(({made}) => pt.number(made.makespan))],
  ["bubble: share of time in which ranks wait", ...whole.map(({made}) => pt.percent(made.bubble))],
  ["most microbatches kept at once, on the fullest rank", ...whole.map(({made}) => pt.number(Math.max(...made.peaks)))],
  ["the same on the emptiest rank", ...whole.map(({made}) => pt.number(Math.min(...made.peaks)))],
  ["messages between ranks", ...whole.map(({made}) => pt.number(made.messages.length))],
  ["work of the busiest rank: no step is shorter", ...whole.map(({made}) => pt.number(Math.max(...made.busy)))],
], "What follows");
const formula = ({name, schedule, made}) => {
  const work = made.busy.reduce((sum, each) => sum + each, 0), p = schedule.ranks.length, {v, n} = schedule, m = state.m * n;
  const counted = n > 1 ? `, with each slice as a microbatch` : "";
  const textbook = v === 1 ? `M / (M + p − 1) = ${m} / (${m} + ${p} − 1)` : `v M / (v M + p − 1) = ${v * m} / (${v * m} + ${p} − 1)`;
  return pt.el("p", {class: "formula"}, pt.el("strong", {}, name), `: efficiency = work / (ranks × makespan) = ${pt.number(work)} / (${p} × ${pt.number(made.makespan)}) = ${pt.percent(1 - made.bubble)}. ` +
    `The textbook's estimate for ${v === 1 ? "one stage" : v + " stages"} per rank${counted}: ${textbook} = ${pt.percent(v * m / (v * m + p - 1))}.`);
};

const longest = () => Math.max(0, ...shown.filter(each => each.made).map(each => each.made.makespan));
const showMoment = () => {
  clock.value = longest() > 0 ? Math.round(1000 * state.t / longest()) : 0;
  clock.setAttribute("aria-valuetext", pt.number(state.t));
  clockText.textContent = `${pt.number(state.t)} of ${pt.number(longest())}`;
  timeline.cursor(state.t);
  moves.forEach((svg, i) => {
    const each = shown[i];
    svg.parentNode.hidden = moveTitles[i].hidden = !each?.made;
    if (!each?.made) return;
    moveTitles[i].textContent = each.name;
    pt.drawMoves(svg, each.name, each.schedule, each.made, state.t);
  });
};
// To the next start of anything, or the one before.
const step = way => {
  const times = [...new Set(shown.filter(each => each.made).flatMap(each => each.made.spans.flat().map(span => span.start)).concat(longest()))].sort((a, b) => a - b);
  const near = longest() * 1e-9, next = way > 0 ? times.find(time => time > state.t + near) : times.findLast(time => time < state.t - near);
  if (next !== undefined) { state.t = next; showMoment(); writeAddress(); }
};
const play = () => {
  if (playing) { cancelAnimationFrame(playing); playing = 0; writeAddress(); }
  else {
    if (state.t >= longest()) state.t = 0;
    let before = performance.now();
    const tick = now => {
      state.t = Math.min(longest(), state.t + (now - before) / 1000 * Math.max(1, longest() / 30));
      before = now;
      showMoment();
      playing = state.t < longest() ? requestAnimationFrame(tick) : 0;
      playButton.textContent = playing ? "Pause" : "Play";
    };
    playing = requestAnimationFrame(tick);
  }
  playButton.textContent = playing ? "Pause" : "Play";
};
const button = (text, label, act) => pt.el("button", {type: "button", title: label, "aria-label": label, onclick: act}, text);
const playButton = button("Play", "Let time pass (space)", play);
clock.addEventListener("input", () => { state.t = clock.value / 1000 * longest(); showMoment(); writeAddress(); });
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|BUTTON|SUMMARY|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === " ") { event.preventDefault(); play(); }
  if (event.key === "n") step(1);
  if (event.key === "p") step(-1);
});

const csv = each => each.schedule.ranks.map(actions => actions.map(a => `${a.stage}${a.kind}${a.microbatch}${pt.sliceText(a)}`).join(",")).join("\n") + "\n";
const saves = pt.el("div", {class: "bar no-print"}, "Save the drawing as ",
  button("SVG", "Save the drawing as SVG", () => pt.download(timeline.spec.name + ".svg", "image/svg+xml", timeline.svg())),
  button("PNG", "Save the drawing as PNG", () => pt.savePng(timeline.drawing, timeline.spec.name + ".png")),
  "and the schedule as ", button("CSV", "Save the schedule as a table that pipetrain trains with", () => shown.filter(each => each.made).forEach(each => pt.download(each.name + ".csv", "text/csv", csv(each)))),
  button("Copy link", "The address of this page holds all settings", () => { writeAddress(); navigator.clipboard?.writeText(location.href); }),
  button("Reset", "Back to where the page began", () => { location.hash = ""; readAddress(); changed(); }));

document.getElementById("page").append(
  pt.el("a", {class: "skip", href: "#main"}, "To the drawing"),
  pt.el("header", {class: "top"}, pt.el("div", {class: "bar", style: "padding-top:1rem"}, pt.el("h1", {class: "grow"}, data.title), pt.theme.button()),
    pt.el("p", {}, "A model is cut into stages, the stages are given to ranks, and a batch is cut into microbatches that pass through them. A schedule says what each rank does after what. ",
      "F is the forward of a microbatch, I the gradient of its input, which the rank before waits for, W the gradient of the weights, R a forward that runs again.")),
  pt.el("main", {id: "main", class: "explorer"}, settings, pt.el("section", {"aria-label": "What follows"}, about, timeline.element, saves, figures,
    pt.el("figure", {class: "plot moves"}, pt.el("figcaption", {}, pt.el("strong", {}, "Step through time"),
      pt.el("span", {class: "small muted"}, "space plays and pauses, n goes to the next start of an action, p to the one before")),
    pt.el("div", {class: "bar play-bar no-print"}, playButton, button("◀", "The start before", () => step(-1)), button("▶", "The next start", () => step(1)), clock, clockText),
    ...moves.flatMap((svg, i) => [moveTitles[i], pt.el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Ranks at this time"}, svg)])),
    memory.element)));
readAddress();
changed();
pt.onWidth(clock, () => showMoment());  // letters may have grown
addEventListener("hashchange", () => { readAddress(); changed(); });
