import type { CopySpec } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { openRig, type OpenedRig } from "../open-rig.ts";
import { copyOption } from "../options.ts";
import { defineVerb, type VerbContext } from "../verb.ts";

export const logs = defineVerb({
  name: "logs",
  summary: "prints the console output of machines; needs no lease",
  details: [
    "Without MACHINE, prints the consoles of all machines, with the machine's name before each line.",
  ],
  operands: [{ name: "MACHINE" }],
  options: {
    copy: copyOption(
      "the copy with this name; default: a copy retained for you, otherwise the first",
    ),
    follow: { type: "boolean", short: "f", help: "keeps printing new output until Ctrl-C" },
  },
  async run(context, { operands: [wanted], options: { copy: named, follow = false } }) {
    const { print, signal } = context;
    const opened = await openRig(context);
    const { rig } = opened;
    const { driver } = rig;
    const read = driver.console;
    if (read === undefined) {
      throw new VmrigError("CAPABILITY_MISSING", {
        message: `The driver "${driver.name}" does not support consoles.`,
      });
    }
    const [{ pickMachine }, { followConsole, readConsole }] = await Promise.all([
      import("../pick-machine.ts"),
      import("../console.ts"),
    ]);
    const names = wanted === undefined ? Object.keys(rig.machines) : [pickMachine(rig, wanted)];
    const copy = await pickCopy(context, opened, named);
    const show = async (name: string): Promise<void> => {
      const output = names.length === 1 ? { print, flush: () => {} } : prefixLines(name, print);
      const console = { name, read: () => read({ copy, name }), print: output.print };
      await (follow ? followConsole(console, signal) : readConsole(console, 0));
      output.flush();
    };
    if (follow) await Promise.all(names.map(show));
    else for (const name of names) await show(name);
  },
});

/** Prefers a copy retained for the user: its console shows the failure. */
async function pickCopy(
  { say }: VerbContext,
  { rig, folders }: OpenedRig,
  named: string | undefined,
): Promise<CopySpec> {
  const [{ pickCopies }, { copyNames, describeCopy }] = await Promise.all([
    import("../pick-copy.ts"),
    import("../../config/copy-spec.ts"),
  ]);
  const [first] = pickCopies(rig, named);
  const { findRetainedCopy } = await import("../../operations/find-retained-copy.ts");
  const [retained] = named === undefined ? await findRetainedCopy({ rig, folders, say }) : [];
  if (retained !== undefined && rig.copies > 1)
    say(`logs     ${retained.copy.copy}: the copy retained for you`);
  return retained?.copy ?? describeCopy(rig, copyNames(rig).indexOf(first ?? "") + 1, folders);
}

/** Prefixes each line with a name. `flush` prints the last line if it has no end. */
function prefixLines(
  name: string,
  print: (text: string) => void,
): { readonly print: (text: string) => void; readonly flush: () => void } {
  let rest = "";
  const line = (text: string): void => print(`${name} | ${text}\n`);
  return {
    print(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(line);
    },
    flush() {
      if (rest !== "") line(rest);
    },
  };
}
