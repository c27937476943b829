// Lists of actions, as the program's generators made them, and when each action runs under given costs. The rules are
// those of lib/schedule/simulate/simulate.h; tests/report/explorer_replay.py compares every start and end with it.

// "aAABC|..." is a list for each rank: a letter is an action, numbered kind x v + place of the stage among the rank's v
// stages, kinds in the order F I W B. Microbatches follow each other, in backward actions from the last one if the list
// begins with d. One that begins with x spells its actions out: "x0F0,0B0".
pt.decodeList = (text, ownStages, m) => {
  if (text[0] === "x") return text.length < 2 ? [] : text.slice(1).split(",").map(word => {
    const [, stage, kind, microbatch] = /^(\d+)([FIWB])(\d+)$/.exec(word);
    return {kind, stage: +stage, microbatch: +microbatch};
  });
  const v = ownStages.length, next = {};
  return [...text.slice(1)].map(letter => {
    const number = letter.charCodeAt(0) - 65, kind = "FIWB"[Math.floor(number / v)];
    const count = next[letter] = (next[letter] ?? -1) + 1;
    const microbatch = kind !== "F" && text[0] === "d" ? m - 1 - count : count;
    return {kind, stage: ownStages[number % v], microbatch};
  });
};

// Of each stage its rank, "0110": a digit or a letter each, up to rank 35. Where stages have two copies, those of the
// second ones follow: "0123-3210".
pt.decodeRanks = text => text.split("-").map(copy => [...copy].map(digit => parseInt(digit, 36)));

pt.decodeSchedule = (lists, places, m) => {
  const copies = pt.decodeRanks(places), rankOf = copies[0], ranks = Math.max(...rankOf) + 1;
  const own = Array.from({length: ranks}, (_, r) => rankOf.flatMap((_, stage) => copies.some(copy => copy[stage] === r) ? [stage] : []));
  return {rankOf, copies, own, m, ranks: lists.split("|").map((text, r) => pt.decodeList(text, own[r], m))};
};

// A stage that recomputes runs its forward again before a backward, unless that forward is what ran just before.
pt.withRecompute = (actions, recomputes) => {
  const all = [];
  for (const action of actions) {
    const last = all.at(-1), backward = action.kind === "I" || action.kind === "B";
    const fresh = last && (last.kind === "F" || last.kind === "R") && last.stage === action.stage && last.microbatch === action.microbatch;
    if (backward && recomputes[action.stage] && !fresh) all.push({...action, kind: "R"});
    all.push(action);
  }
  return all;
};

// costs: {stages: [{F, I, W, R: 0 where it keeps its activations}], message}. Spans of each rank in order, waits too;
// what live microbatches do: [[time, live]...]; and the messages between ranks.
pt.replay = (schedule, costs) => {
  const {rankOf, copies, m} = schedule, stages = rankOf.length, v = stages / schedule.ranks.length;
  const recomputes = costs.stages.map(stage => stage.R > 0);
  const lists = schedule.ranks.map(actions => pt.withRecompute(actions, recomputes));
  const ends = {F: new Map(), I: new Map()};  // by stage * m + microbatch
  const state = lists.map(() => ({next: 0, free: 0, live: 0, peak: 0, busy: 0, spans: [], lives: [[0, 0]]}));
  const messages = [];
  // When what an action needs of another stage is there: undefined if that has not run.
  const needed = ({kind, stage, microbatch}) => {
    const step = kind === "F" ? -1 : kind === "I" || kind === "B" ? 1 : 0, from = stage + step;
    if (step === 0 || from < 0 || from >= stages) return {time: 0};
    const made = ends[kind === "F" ? "F" : "I"].get(from * m + microbatch);
    if (made === undefined) return undefined;
    // Of two copies the first takes the first half of the microbatches.
    const at = copies[copies.length === 2 && 2 * microbatch >= m + m % 2 ? 1 : 0], far = at[from] !== at[stage];
    return {time: far ? made + costs.message : made, message: far ? {from: at[from], to: at[stage], sent: made} : null};
  };
  const setLive = (rank, time, change) => {
    rank.live += change;
    rank.peak = Math.max(rank.peak, rank.live / v);
    rank.lives.push([time, rank.lives.at(-1)[1]], [time, rank.live / v]);
  };
  const run = (rank, action, need) => {
    const {kind, stage, microbatch} = action;
    if (need.time > rank.free) {
      rank.spans.push({kind: "wait", of: kind, stage, microbatch, start: rank.free, end: need.time, waiting: true});
      rank.free = need.time;
    }
    if (need.message) messages.push({...need.message, forward: kind === "F", microbatch, taken: rank.free});
    if (kind === "F") setLive(rank, rank.free, 1);
    for (const part of kind === "B" ? ["I", "W"] : [kind]) {
      const start = rank.free, cost = costs.stages[stage][part];
      rank.free += cost;
      rank.busy += rank.free - start;
      rank.spans.push({kind: part, stage, microbatch, start, end: rank.free});
      if (ends[part]) ends[part].set(stage * m + microbatch, rank.free);
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
    spans: state.map(rank => rank.spans), lives: state.map(rank => [...rank.lives, [makespan, rank.live / v]]),
    peaks: state.map(rank => rank.peak), busy: state.map(rank => rank.busy), messages, makespan,
    bubble: makespan > 0 ? 1 - busy / (state.length * makespan) : 0,
  };
};
