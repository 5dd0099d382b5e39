import { expect, test } from "vitest";
import { judgeBugs } from "./bugs.ts";

const LOG = `
1795415361564 run-15  wait     both copies of chaos are held; you are next
1795415361640 run-15  failed   LEASE_LOST VmrigError [LEASE_LOST]: The lease of chaos-1 is lost.
1795415361700 run-15  failed   STATE_UNWRITABLE VmrigError [STATE_UNWRITABLE]: /state cannot be written: ENOSPC.
`;

test("accepts failures that have an error code of their own", () => {
  expect(judgeBugs(LOG)).toEqual([]);
});

test("reports internal and unknown errors, each once, and bugs that a gate reports", () => {
  const internal =
    "1795415361640 run-15  failed   INTERNAL VmrigError [INTERNAL]: Unexpected Error: ENOSPC\n";
  const unknown = "1795415361641 run-16  failed   UNKNOWN TypeError: x is not a function\n";
  const gate = "1795415361642 run-17  bug      Unexpected Error: oops\n";
  expect(judgeBugs(LOG + internal + internal + unknown + gate)).toEqual([
    { promise: "no bug", what: "VmrigError [INTERNAL]: Unexpected Error: ENOSPC (2 times)" },
    { promise: "no bug", what: "TypeError: x is not a function (1 times)" },
    { promise: "no bug", what: "Unexpected Error: oops (1 times)" },
  ]);
});
