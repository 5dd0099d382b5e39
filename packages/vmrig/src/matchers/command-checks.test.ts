import { useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import { commandChecks } from "./command-checks.ts";
import { testChecks } from "./checks.test.kit.ts";

let pc1: Machine;
useMachine((machine) => {
  ({ pc1 } = machine);
});

testChecks(commandChecks, {
  toSucceed: [
    {
      subject: () => () => pc1.$`true`,
      passes: true,
      message: /^expected `true` on pc1 as \S+ not to succeed\n.*: exit code 0$/,
    },
    {
      subject: () => () => pc1.$`echo no luck >&2; exit 7`,
      passes: false,
      message: /to succeed\n {2}looked for T s; last seen: exit code 7: no luck$/,
    },
  ],
  toExitWith: [
    {
      subject: () => () => pc1.$`exit 7`,
      args: [7],
      passes: true,
      message: /not to exit with 7\n/,
    },
    {
      subject: () => pc1.$({ reject: false })`exit 7`,
      args: [3],
      passes: false,
      message: /to exit with 3\n {2}seen: exit code 7$/,
    },
  ],
  toPrint: [
    {
      subject: () => () => pc1.$`echo hello`,
      args: ["hello"],
      passes: true,
      message: /^expected `echo hello` on pc1 as \S+ not to print "hello"\n/,
    },
    {
      subject: () => () => pc1.$`echo hello; exit 1`,
      args: [/bye/],
      passes: false,
      message: /to print \/bye\/\n.*: "hello"$/,
    },
  ],
});
