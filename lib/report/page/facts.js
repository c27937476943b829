// Words and figures of runs: headlines and what they mean, configuration, environment, how it ended.
pt.last = values => { for (let i = (values?.length || 0) - 1; i >= 0; i--) if (values[i] !== null) return values[i]; return undefined; };
pt.median = values => { const sorted = values.filter(Number.isFinite).sort((a, b) => a - b); return sorted.length ? sorted[Math.floor(sorted.length / 2)] : undefined; };
const kStates = {running: ["info", "running"], done: ["good", "done"], stopped: ["warn", "stopped on request"], stopping: ["warn", "asked to stop"], failed: ["bad", "failed"], lost: ["bad", "ended without a word"], ended: ["info", "ended"]};
pt.badge = run => { const [look, text] = kStates[run.state] || ["info", run.state]; return pt.el("span", {class: "badge " + look}, text); };

// [{what, value, means}] of a run.
pt.headlines = run => {
  const m = run.metrics, record = run.record || {}, list = [], recent = key => pt.median((m[key] || []).slice(-Math.max(5, Math.floor((m.lines || 0) / 2))));
  const add = (what, value, means) => { if (value !== undefined && value !== null && value !== "–") list.push({what, value, means}); };
  const steps = pt.last(m.step);
  add("Steps", steps === undefined ? undefined : steps + (record.steps ? " of " + record.steps : ""), "updates of the weights so far");
  add("Loss", m.loss && pt.number(pt.last(m.loss), 5), "cross entropy of the last step's batch, mean over its targets; lower is better");
  const evaluated = (m.val_loss || []).map((value, i) => [value, m.step[i]]).filter(([value]) => value !== null);
  if (evaluated.length) {
    const best = evaluated.reduce((a, b) => b[0] < a[0] ? b : a), value = evaluated.at(-1)[0];
    add("Validation loss", pt.number(value, 5), `on data that the run does not train on; lowest ${pt.number(best[0], 5)} after step ${best[1]}` + (value < 20 && m.tokens ? `; perplexity ${pt.number(Math.exp(value))}` : ""));
  }
  if (m.val_accuracy) add("Accuracy", pt.percent(pt.last(m.val_accuracy), 2), "of the validation rows, whose label the model finds the likeliest");
  const unit = m.samples_per_second ? "samples" : "tokens";
  const speed = recent(unit + "_per_second");
  add("Speed", speed === undefined ? undefined : pt.si(speed) + " " + unit + "/s", "all ranks together, median of the newer half of the lines");
  add("A step takes", pt.seconds(recent("step_seconds")), "median, evaluations and checkpoints apart");
  const bubble = recent("bubble_fraction"), predicted = recent("bubble_predicted");
  if (bubble !== undefined) add("Bubble", pt.percent(bubble), `of the ranks' time without work; predicted from the stages' times ${pt.percent(predicted)}`);
  if (m.peak_bytes?.length) add("Memory a rank", pt.bytes(Math.max(...m.peak_bytes)), "the most that tensors of any rank filled at once");
  if (record.model) add("Model", pt.si(record.model.parameters), `parameters in ${record.model.layers.length} layers, ${record.model.stages.length} stage${record.model.stages.length === 1 ? "" : "s"}`);
  if (record.model) add("Schedule", record.model.schedule, `${record.model.microbatches} microbatches of ${record.model.batch_size} rows a step, ${(record.ranks || []).length} ranks`);
  const seen = pt.last(m.tokens || m.samples);
  add("Seen", pt.si(seen), `${unit} trained on, over all starts`);
  add("Time", pt.seconds(pt.last(m.elapsed_seconds)), "of training, over all starts");
  return list;
};
pt.headlineCards = runs => {
  if (runs.length === 1) return pt.el("div", {class: "cards"}, pt.headlines(runs[0]).map(each => pt.el("div", {class: "card"},
    pt.el("div", {class: "what"}, each.what), pt.el("div", {class: "figure"}, each.value), pt.el("div", {class: "means"}, each.means))));
  const lists = runs.map(pt.headlines), names = [...new Set(lists.flatMap(list => list.map(each => each.what)))];
  return pt.table([{name: "run"}, {name: "state"}, ...names.map(name => ({name, number: true}))], runs.map((run, r) => [
    pt.el("span", {}, pt.el("span", {class: "swatch", style: `background:var(--run-${r % 6})`}), run.name), pt.badge(run),
    ...names.map(name => lists[r].find(each => each.what === name)?.value || "–")]), "headline figures of each run");
};

pt.notices = (run, several) => {
  const record = run.record || {}, list = [], note = (look, ...text) => list.push(pt.el("div", {class: "notice " + look}, several ? run.name + ": " : "", ...text));
  const error = record.error || run.errors.trim();
  if (run.state === "failed") note("bad", pt.el("strong", {}, "The run failed" + (record.exit_code ? ` with exit code ${record.exit_code}` : "") + ". "), error || "");
  if (run.state === "lost") note("bad", pt.el("strong", {}, "Nothing says how the run ended. "), "It was killed, or its host went down. --resume goes on from the newest checkpoint.");
  if (run.state === "stopping") note("warn", pt.el("strong", {}, "The run was asked to stop when this page was written. "), "Had it stopped in good order, another page would have taken this one's place: a rank died, or the job was killed. --resume goes on from the newest checkpoint.");
  if (run.state === "stopped") note("warn", pt.el("strong", {}, "Stopped on request "), "after a checkpoint; --resume goes on from there.");
  if (record.oversubscribed) note("warn", "Threads outnumbered cores: ranks took turns, so times and bubbles are not those of one rank per core.");
  if (run.metrics.cut_short && run.state !== "running") note("warn", "The last line of metrics.jsonl was cut short and is left out.");
  if ((run.metrics.loss || []).some((v, i) => v === null && (run.metrics.learning_rate?.[i] ?? null) !== null)) note("warn", "Some steps had a loss that is not finite; the curves have gaps there.");
  if (!run.record) note("info", "The run directory has no run.json, which would say on what machine the run was, how its memory was used and how it ended; those parts are empty.");
  return list;
};

pt.facts = pairs => pt.el("dl", {class: "facts"}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").flatMap(([name, value]) => [pt.el("dt", {}, name), pt.el("dd", {}, value)]));
pt.environment = run => {
  const record = run.record;
  if (!record) return null;
  const processors = [...new Set((record.ranks || []).map(rank => rank.processor))].filter(Boolean).join("; ");
  return pt.facts([["command", pt.el("code", {}, record.command || "")], ["ranks", record.world], ["processor", processors],
    ["binding", (record.bindings || []).length ? pt.el("span", {}, record.bindings.flatMap(text => [text, pt.el("br")])) : "left to the launcher and the system"],
    ...Object.entries(record.versions || {}), ["data", record.data_is],
    ["files", (record.data || []).length ? pt.files(record.data) : ""]]);
};
// Many are shown when somebody asks for them.
pt.files = all => {
  const kShown = 8, made = pt.table([{name: "file"}, {name: "bytes", number: true}, {name: "digest"}], all.map(file => [file.path, file.bytes.toLocaleString("en"), file.digest]), "files of the data");
  return all.length <= kShown ? made : pt.el("details", {}, pt.el("summary", {}, `${all.length} files`), made);
};

pt.starts = run => {
  const record = run.record;
  if (!record) return null;
  const all = [...(record.earlier || []), {...record, now: true}], words = start => start.now ? (kStates[run.state] || ["", run.state])[1] : start.outcome === "running" ? "ended without a word" : start.outcome;
  return pt.table([{name: "started"}, {name: "from step", number: true}, {name: "ended"}, {name: "how"}, {name: "exit code", number: true}, {name: "what was said"}],
    all.map(start => [start.started || "–", String(start.first_step ?? "–"), start.ended || "–", words(start), start.exit_code === undefined ? "" : String(start.exit_code), start.error || ""]), "starts of this run");
};
pt.checkpoints = run => run.checkpoints.length === 0 ? pt.el("p", {class: "muted"}, "There is no checkpoint.") :
  pt.table([{name: "checkpoint"}, {name: "written"}, {name: "validation loss", number: true}, {name: "size", number: true}, {name: ""}],
    run.checkpoints.map(each => [each.name, each.date || "–", each.validation_loss === null || each.validation_loss === undefined ? "" : pt.number(each.validation_loss, 5), pt.bytes(each.bytes),
      each.problem || each.doubt || (each.best ? "lowest validation loss: checkpoints/best" : "")]), "checkpoints that are there");

// Of several runs only the keys that differ, until somebody wants all.
pt.settings = runs => {
  const values = runs.map(run => new Map(run.settings)), keys = [...new Set(values.flatMap(map => [...map.keys()]))];
  if (keys.length === 0) return pt.el("p", {class: "muted"}, "There is no config.yaml.");
  const differs = key => new Set(values.map(map => map.get(key))).size > 1;
  const several = runs.length > 1, rows = keys.map(key => [key, ...values.map(map => map.get(key) ?? "–")]);
  const table = pt.table([{name: "key"}, ...runs.map(run => ({name: several ? run.name : "value"}))], rows, several ? "settings; those that differ are marked" : "every key as it was in force");
  table.querySelectorAll("tbody tr").forEach((row, i) => {
    if (several && !differs(keys[i])) row.classList.add("same");
    if (several && differs(keys[i])) row.querySelectorAll("td").forEach(cell => cell.classList.add("differs"));
  });
  if (!several) return pt.el("details", {}, pt.el("summary", {}, `All ${keys.length} keys`), table);
  const box = pt.el("label", {class: "small no-print"}, pt.el("input", {type: "checkbox", onchange: event => table.classList.toggle("show-all", event.target.checked)}), " show all keys");
  return pt.el("div", {}, keys.some(differs) ? null : pt.el("p", {}, "No key differs."), box, table);
};
