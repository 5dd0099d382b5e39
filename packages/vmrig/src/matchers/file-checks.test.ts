import { join } from "node:path";
import { expect } from "vitest";
import { useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import { testChecks } from "./checks.test.kit.ts";
import { fileChecks } from "./file-checks.ts";

let pc1: Machine;
let folder: string;
useMachine(async (machine) => {
  ({ pc1 } = machine);
  ({ folder } = machine.server);
  await pc1.$`cd ${folder} && printf 'hello\n' >greeting && chmod 640 greeting`;
});

const file = (name: string) => () => pc1.file(join(folder, name));

testChecks(fileChecks, {
  toExist: [
    {
      subject: file("greeting"),
      passes: true,
      message:
        /^expected pc1:\S+greeting as \S+ not to exist\n {2}looked for T s; last seen: it is there$/,
    },
    {
      subject: file("none"),
      passes: false,
      message:
        /^expected pc1:\S+none as \S+ to exist\n {2}looked for T s; last seen: it is not there$/,
    },
    {
      subject: () => pc1.account("root"),
      passes: true,
      message: /^expected user root on pc1 as \S+ not to exist\n/,
    },
    { subject: () => pc1.group("none"), passes: false, message: /^expected group none on pc1/ },
    { subject: () => pc1.interface("lo"), passes: true, message: /^expected interface lo on pc1/ },
  ],
  toHaveText: [
    {
      subject: file("greeting"),
      args: ["hello\n"],
      passes: true,
      message: /greeting as \S+ not to have the text "hello\\n"\n.*last seen: "hello\\n"$/,
    },
    {
      subject: file("greeting"),
      args: ["bye\n"],
      passes: false,
      message: /greeting as \S+ to have the text "bye\\n"\n.*last seen: "hello\\n"$/,
    },
    {
      subject: file("greeting"),
      args: [/^h/g],
      passes: true,
      message: /not to have the text \/\^h\/g\n/,
    },
    {
      subject: file("greeting"),
      args: [expect.stringContaining("ell")],
      passes: true,
      message: /not to have the text StringContaining "ell"\n/,
    },
  ],
  toContainText: [
    {
      subject: file("greeting"),
      args: ["ell"],
      passes: true,
      message: /not to contain the text "ell"/,
    },
    {
      subject: file("greeting"),
      args: [/^x/],
      passes: false,
      message: /to contain the text \/\^x\/\n.*: "hello\\n"$/,
    },
  ],
  toHaveMode: [
    { subject: file("greeting"), args: [0o640], passes: true, message: /not to have mode 0640\n/ },
    {
      subject: file("greeting"),
      args: [0o600],
      passes: false,
      message: /to have mode 0600\n.*last seen: mode 0640$/,
    },
  ],
  toHaveOwner: [
    {
      subject: file("greeting"),
      args: ["root:root"],
      passes: false,
      message: /to belong to root:root\n.*last seen: \S+:\S+$/,
    },
    {
      subject: () => pc1.file("/etc/hostname"),
      args: ["root"],
      passes: true,
      message: /not to belong to root\n/,
    },
  ],
});
