import { isThere } from "../machine/shell/waits.ts";
import { checkValue } from "./check.ts";
import { matcherOf } from "./matcher.ts";

export const shellChecks = {
  toShow: matcherOf<string | RegExp>()({
    about: ["shell"],
    words: "to show",
    async look({ of }, expected) {
      const screen = await of.screen();
      const last = screen.lines.findLast((line) => line !== "");
      const seen =
        last === undefined
          ? "an empty screen"
          : `a screen whose last line is ${JSON.stringify(last)}`;
      const ended = of.exited ? "; its program has ended" : "";
      return checkValue(isThere(screen, expected), `${seen}${ended}`, {
        actual: screen.framed,
        expected,
      });
    },
  }),
};
