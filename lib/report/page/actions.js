// How actions look: a colour of their own that colour-blind readers tell apart (after Okabe and Ito), an edge that
// stands out from light and dark paper, a letter, and a texture.
pt.actions = {
  F: {name: "forward", fill: "#6db9f0", edge: "#1f6f9f", texture: null},
  I: {name: "gradient of the input", fill: "#1fa57a", edge: "#04684b", texture: "M0 6L6 0M-1 1L1 -1M5 7L7 5"},
  W: {name: "gradient of the weights", fill: "#f0b429", edge: "#8f6400", texture: "M1.5 0V6M4.5 0V6"},
  B: {name: "backward, I and W together", fill: "#e68a5c", edge: "#93431a", texture: "M0 3H6"},
  R: {name: "recomputed forward", fill: "#d79ac1", edge: "#874370", texture: "M0 6L6 0M0 0L6 6"},
  reduce: {name: "sums over ranks and the gradient's norm", letter: "Σ", fill: "#b6bcc5", edge: "#5a636e", texture: "M0 1.5H6M0 4.5H6"},
  update: {name: "update of the weights", letter: "U", fill: "#dcd06a", edge: "#756a00", texture: "M3 0V6"},
  feed: {name: "reading and sending data", letter: "D", fill: "#9fb0e8", edge: "#42549b", texture: "M0 0L6 6M-1 5L1 7M5 -1L7 1"},
  gather: {name: "gathering weights", letter: "G", fill: "#a5cdbd", edge: "#43705e", texture: "M0 1H6M0 4H6M1 0V6"},
  wait: {name: "waiting", letter: "", fill: null, edge: null, texture: null},
};
pt.look = kind => pt.actions[kind] || {name: kind, letter: kind.slice(0, 1), fill: "#b6bcc5", edge: "#5a636e", texture: null};
// Of a label in a box, in the drawing's units.
pt.textWidth = text => [...text].reduce((sum, letter) => sum + (letter === "W" ? 12 : letter === "I" ? 4.5 : 7.9), 0);
pt.letter = kind => pt.look(kind).letter ?? kind;
// Behind a microbatch's number, as tables have it: ".2", or nothing for the first slice of its sequences.
pt.sliceText = ({slice}) => slice > 0 ? "." + slice : "";

// Textures are drawn over the colours; each drawing holds its own, so that it stands alone.
pt.textureId = kind => "texture-" + kind.replace(/\W/g, "");
pt.textures = kinds => pt.svg("defs", {}, kinds.filter(kind => pt.look(kind).fill).map(kind => {
  const look = pt.look(kind);
  return pt.svg("pattern", {id: pt.textureId(kind), width: 6, height: 6, patternUnits: "userSpaceOnUse"},
    pt.svg("rect", {width: 6, height: 6, fill: look.fill}),
    look.texture ? pt.svg("path", {d: look.texture, stroke: look.edge, "stroke-width": 0.9, "stroke-opacity": 0.5, fill: "none"}) : null);
}));
pt.paint = kind => kind === "wait" ? {class: "waits"}
  : {fill: `url(#${pt.textureId(kind)})`, stroke: pt.look(kind).edge, "stroke-width": 0.8};

// The meaning of the kinds that occur.
pt.actionLegend = kinds => pt.el("ul", {class: "legend"}, kinds.map(kind => pt.el("li", {},
  pt.svg("svg", {viewBox: "0 0 26 12", "aria-hidden": true}, pt.textures([kind]),
    pt.svg("rect", {x: 0.5, y: 0.5, width: 25, height: 11, rx: 1.5, ...pt.paint(kind)}),
    pt.letter(kind) ? pt.svg("text", {class: "box-label", x: 13, y: 9.6}, pt.letter(kind)) : null),
  (pt.letter(kind) ? pt.letter(kind) + ": " : "") + pt.look(kind).name)));
