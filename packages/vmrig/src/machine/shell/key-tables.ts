/**
 * Keys with a final letter, and keys with a number: "PC-Style Function Keys" of xterm's ctlseqs.
 */
export const CURSOR = tableOf({
  ArrowUp: "A",
  ArrowDown: "B",
  ArrowRight: "C",
  ArrowLeft: "D",
  Home: "H",
  End: "F",
});
export const FUNCTION = tableOf({ F1: "P", F2: "Q", F3: "R", F4: "S" });
export const EDITING = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6 };
export const NUMBERED = tableOf({
  ...EDITING,
  F5: 15,
  F6: 17,
  F7: 18,
  F8: 19,
  F9: 20,
  F10: 21,
  F11: 23,
  F12: 24,
});
export const PLAIN = tableOf({
  Enter: "\r",
  Tab: "\t",
  Escape: "\u001b",
  Backspace: "\u007f",
  Space: " ",
});
export const ESC = "\u001b";

/** Builds a map. A plain object would also contain `constructor` as a key. */
function tableOf<Value>(entries: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries));
}
