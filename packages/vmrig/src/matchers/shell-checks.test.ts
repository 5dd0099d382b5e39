import { useMachine } from "../machine/fixtures.test.kit.ts";
import type { Shell } from "../machine/shell/shell.ts";
import { testChecks } from "./checks.test.kit.ts";
import { shellChecks } from "./shell-checks.ts";

let shell: Shell;
useMachine(async ({ pc1 }) => {
  shell = await pc1.shell({ command: "printf 'Name: '; read -r name" });
  await shell.waitForScreen("Name:");
});

testChecks(shellChecks, {
  toShow: [
    {
      subject: () => shell,
      args: [/^Name:/],
      passes: true,
      message:
        /^expected shell "printf .*" on pc1 as \S+ not to show \/\^Name:\/\n {2}looked for T s; last seen: a screen whose last line is "Name:"$/,
    },
    {
      subject: () => shell,
      args: ["name"],
      passes: false,
      message: /to show "name"\n.*: a screen whose last line is "Name:"$/,
    },
  ],
});
