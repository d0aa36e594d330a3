// The eight letters: their names, and a mark for each, so that none is told from another by its colour alone.

export const LETTERS = ["P", "F", "E", "T", "M", "C", "S", "X"];
export const NAMES = {
  P: "passed", F: "failed", E: "error", T: "timeout", M: "memory", C: "crashed", S: "skipped", X: "not judged",
};

// Each mark as strokes in a square of side 1: [x1, y1, x2, y2]; drawn on top of the verdict's colour.
export const MARKS = {
  P: [],
  F: [[0, 1, 1, 0]],
  E: [[0.18, 0.18, 0.82, 0.82], [0.18, 0.82, 0.82, 0.18]],
  T: [[0.15, 0.5, 0.85, 0.5]],
  M: [[0.5, 0.15, 0.5, 0.85]],
  C: [[0.15, 0.5, 0.85, 0.5], [0.5, 0.15, 0.5, 0.85]],
  S: [],
  X: [[0, 0.33, 1, 0.33], [0, 0.67, 1, 0.67]],
};
