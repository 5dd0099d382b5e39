import { useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import { accountChecks } from "./account-checks.ts";
import { testChecks } from "./checks.test.kit.ts";

let pc1: Machine;
useMachine((machine) => {
  ({ pc1 } = machine);
});

testChecks(accountChecks, {
  toBelongTo: [
    {
      subject: () => pc1.account("root"),
      args: ["root"],
      passes: true,
      message: /not to belong to the group root\n/,
    },
    {
      subject: () => pc1.account("root"),
      args: ["none"],
      passes: false,
      message: /: it is in root/,
    },
  ],
});
