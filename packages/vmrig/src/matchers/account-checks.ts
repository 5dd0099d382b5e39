import { checkValue } from "./check.ts";
import { matcherOf } from "./matcher.ts";

export const accountChecks = {
  toBelongTo: matcherOf<string>()({
    about: ["user"],
    words: "to belong to the group",
    show: (group) => group,
    async look({ of }, expected) {
      const account = await of.account();
      if (account === undefined) return { unknown: "there is no such user" };
      return checkValue(
        account.groups.includes(expected),
        `it is in ${account.groups.join(", ") || "no group"}`,
      );
    },
  }),
};
