import { expect, test } from "vitest";
import { headingsOf, namesIn, readText, rowsOf, withoutBlocks } from "./markdown.mjs";

const FOLDER = "packages/vmrig/src/machine";

/** Interface, its file, and the heading under which its members stand. */
const INTERFACES = [
  ["Machine", "machine.ts", "Machine"],
  ["CommandOptions", "command/command-options.ts", "Options"],
  ["CommandResult", "command/outcome/command-result.ts", "Result"],
  ["CommandPromise", "command/command.ts", "A running command"],
  ["Shell", "shell/shell.ts", "Shells"],
  ["Screen", "shell/screen.ts", "The screen"],
  ["MachineFile", "files/file.ts", "Files"],
  ["FileStat", "files/file-stat.ts", "Stat"],
  ["MachineResources", "resources/resources.ts", "Resources"],
  ["MachineNetwork", "network/network.ts", "Network"],
  ["MachineFaults", "faults/faults.ts", "Faults"],
  ["Rig", "faults/checkpoint.ts", "Checkpoints"],
  ["MachineWaits", "waits/waits.ts", "Waits"],
  ["TransferOptions", "files/transfer/transfer-options.ts", "Options of a copy"],
  ["UploadOptions", "files/transfer/transfer-options.ts", "Options of an upload"],
  ["TransferResult", "files/transfer/result.ts", "Result of a copy"],
  ["WaitOptions", "waits/wait-options.ts", "Options of a wait"],
];

const text = await readText("docs/reference/machine.md");

test.each(INTERFACES)(
  "the members of %s (%s) are those of the table under %s",
  async (name = "", file = "", heading = "") => {
    const members = membersOf(await readText(`${FOLDER}/${file}`), name);
    expect(members.length).toBeGreaterThan(1);
    expect(tableUnder(heading).toSorted()).toEqual(members.toSorted());
  },
);

test.each([
  ["WriteOptions", "files/file.ts"],
  ["RecursiveOptions", "files/file.ts"],
  ["RemoveOptions", "files/file.ts"],
  ["MkdirOptions", "files/file.ts"],
  ["StatOptions", "files/file-stat.ts"],
  ["FileEntry", "files/entries.ts"],
])("every member of %s is named under Files", async (name = "", file = "") => {
  const members = membersOf(await readText(`${FOLDER}/${file}`), name);
  expect(members.length).toBeGreaterThan(0);
  for (const member of members) expect(section("Files")).toMatch(new RegExp(`\`${member}[\`:]`));
});

/**
 * @param {string} source
 * @param {string} name
 */
function membersOf(source, name) {
  const body =
    new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1] ??
    "";
  // Once where there are several ways to call it.
  return [
    ...new Set(
      Array.from(
        body.matchAll(/^ {2}(?:readonly )?([\w$]+)\??[:(<]/gm),
        ([, member = ""]) => member,
      ),
    ),
  ];
}

/** @param {string} heading */
function tableUnder(heading) {
  const cells = rowsOf(section(heading)).flatMap(([first = ""]) => namesIn(first));
  return [...new Set(cells.map((cell) => /^[\w$]+/.exec(cell)?.[0] ?? cell))];
}

/** @param {string} heading */
function section(heading) {
  const titles = headingsOf(text).map(({ title }) => title);
  expect(titles).toContain(heading);
  return (
    withoutBlocks(text)
      .split(/^#+ /m)
      .find((part) => part.startsWith(`${heading}\n`)) ?? ""
  );
}
