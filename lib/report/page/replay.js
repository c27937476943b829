// Lists of actions, as the program's generators made them, and when each action runs under given costs. The rules are
// those of lib/schedule/simulate/simulate.h; tests/report/explorer_replay.py compares every start and end with it.

// "aAABC|..." is a list for each rank: a letter is an action, numbered kind x v + place of the stage among the rank's v
// stages, kinds in the order F I W B. Microbatches follow each other, in backward actions from the last one if the list
// begins with d. Where it begins with s, each microbatch is in n slices, of which the backward ones come from the last. A
// list that begins with x spells its actions out: "x0F0,0F0.1,0B0.1,0B0".
pt.decodeList = (text, ownStages, m, n = 1) => {
  if (text[0] === "x") return text.length < 2 ? [] : text.slice(1).split(",").map(word => {
    const [, stage, kind, microbatch, slice] = /^(\d+)([FIWB])(\d+)(?:\.(\d+))?$/.exec(word);
    return {kind, stage: +stage, microbatch: +microbatch, slice: +(slice || 0)};
  });
  const v = ownStages.length, next = {};
  return [...text.slice(1)].map(letter => {
    const number = letter.charCodeAt(0) - 65, kind = "FIWB"[Math.floor(number / v)];
    const count = next[letter] = (next[letter] ?? -1) + 1;
    const stage = ownStages[number % v], within = count % n;
    if (text[0] === "s") return {kind, stage, microbatch: Math.floor(count / n), slice: kind === "F" ? within : n - 1 - within};
    return {kind, stage, microbatch: kind !== "F" && text[0] === "d" ? m - 1 - count : count, slice: 0};
  });
};

// Of each stage its rank, "0110": a digit or a letter each, up to rank 35. Where stages have two copies, those of the
// second ones follow: "0123-3210".
pt.decodeRanks = text => text.split("-").map(copy => [...copy].map(digit => parseInt(digit, 36)));

// Of m microbatches, each in n slices of its sequences.
pt.decodeSchedule = (lists, places, m, n = 1) => {
  const copies = pt.decodeRanks(places), rankOf = copies[0], ranks = Math.max(...rankOf) + 1;
  const own = Array.from({length: ranks}, (_, r) => rankOf.flatMap((_, stage) => copies.some(copy => copy[stage] === r) ? [stage] : []));
  return {rankOf, copies, own, m, n, ranks: lists.split("|").map((text, r) => pt.decodeList(text, own[r], m, n))};
};

// A stage that recomputes runs its forward again before a backward, unless that forward is what ran just before.
pt.withRecompute = (actions, recomputes) => {
  const all = [];
  for (const action of actions) {
    const last = all.at(-1), backward = action.kind === "I" || action.kind === "B";
    const fresh = last && (last.kind === "F" || last.kind === "R") && last.stage === action.stage && last.microbatch === action.microbatch && last.slice === action.slice;
    if (backward && recomputes[action.stage] && !fresh) all.push({...action, kind: "R"});
    all.push(action);
  }
  return all;
};

// costs of a microbatch: {stages: [{F, I, W, R: 0 where it keeps its activations}], message}; a slice has its share of
// them. Spans of each rank in order, waits too; what live microbatches do: [[time, live]...]; and the messages between
// ranks.
pt.replay = (schedule, costs) => {
  const {rankOf, copies, m, n} = schedule, stages = rankOf.length, v = stages / schedule.ranks.length;
  const recomputes = costs.stages.map(stage => stage.R > 0);
  const lists = schedule.ranks.map(actions => pt.withRecompute(actions, recomputes));
  const ends = {F: new Map(), I: new Map()}, place = (stage, {microbatch, slice}) => (stage * m + microbatch) * n + slice;
  const state = lists.map(() => ({next: 0, free: 0, live: 0, peak: 0, busy: 0, spans: [], lives: [[0, 0]]}));
  const messages = [];
  // When what an action needs of another stage is there: undefined if that has not run.
  const needed = action => {
    const {kind, stage, microbatch} = action;
    const step = kind === "F" ? -1 : kind === "I" || kind === "B" ? 1 : 0, from = stage + step;
    if (step === 0 || from < 0 || from >= stages) return {time: 0};
    const made = ends[kind === "F" ? "F" : "I"].get(place(from, action));
    if (made === undefined) return undefined;
    // Of two copies the first takes the first half of the microbatches.
    const at = copies[copies.length === 2 && 2 * microbatch >= m + m % 2 ? 1 : 0], far = at[from] !== at[stage];
    return {time: far ? made + costs.message / n : made, message: far ? {from: at[from], to: at[stage], sent: made} : null};
  };
  const setLive = (rank, time, change) => {
    rank.live += change;
    rank.peak = Math.max(rank.peak, rank.live / v / n);
    rank.lives.push([time, rank.lives.at(-1)[1]], [time, rank.live / v / n]);
  };
  const run = (rank, action, need) => {
    const {kind, stage, microbatch, slice} = action, named = {stage, microbatch, slice, slices: n};
    if (need.time > rank.free) {
      rank.spans.push({kind: "wait", of: kind, ...named, start: rank.free, end: need.time, waiting: true});
      rank.free = need.time;
    }
    if (need.message) messages.push({...need.message, forward: kind === "F", microbatch, slice, taken: rank.free});
    if (kind === "F") setLive(rank, rank.free, 1);
    for (const part of kind === "B" ? ["I", "W"] : [kind]) {
      const start = rank.free, cost = costs.stages[stage][part] / n;
      rank.free += cost;
      rank.busy += rank.free - start;
      rank.spans.push({kind: part, ...named, start, end: rank.free});
      if (ends[part]) ends[part].set(place(stage, action), rank.free);
    }
    if (kind === "W" || kind === "B") setLive(rank, rank.free, -1);
  };
  for (let moved = true; moved;) {
    moved = false;
    state.forEach((rank, r) => {
      for (let need; rank.next < lists[r].length && (need = needed(lists[r][rank.next])); rank.next++, moved = true) run(rank, lists[r][rank.next], need);
    });
  }
  const makespan = Math.max(...state.map(rank => rank.free)), busy = state.reduce((sum, rank) => sum + rank.busy, 0);
  return {
    spans: state.map(rank => rank.spans), lives: state.map(rank => [...rank.lives, [makespan, rank.live / v / n]]),
    peaks: state.map(rank => rank.peak), busy: state.map(rank => rank.busy), messages, makespan,
    bubble: makespan > 0 ? 1 - busy / (state.length * makespan) : 0,
  };
};
