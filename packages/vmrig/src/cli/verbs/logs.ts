import { copySpec } from "../../config/copy-spec.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { followConsole, readConsole } from "../console.ts";
import { openRig } from "../open-rig.ts";
import { pickMachine } from "../pick-machine.ts";
import { defineVerb } from "../verb.ts";

export const logs = defineVerb({
  name: "logs",
  summary: "prints what machines wrote on their console; needs no lease",
  details: ["Without MACHINE those of all machines, each line behind the name of its machine."],
  operands: [{ name: "MACHINE" }],
  options: { follow: { type: "boolean", short: "f", help: "goes on with what comes, until Ctrl-C" } },
  async run(surroundings, { operands: [wanted], options: { follow = false } }) {
    const { answer, signal } = surroundings;
    const { rig, folders } = await openRig(surroundings);
    const { driver } = rig;
    const read = driver.console;
    if (read === undefined) {
      throw new VmrigError("CAPABILITY_MISSING", {
        message: `Machines of the driver "${driver.name}" have no console that could be read.`,
      });
    }
    const names = wanted === undefined ? Object.keys(rig.machines) : [pickMachine(rig, wanted)];
    const copy = await copySpec(rig, 1, folders);
    const show = async (name: string): Promise<void> => {
      const { print, flush } = names.length === 1 ? { print: answer, flush: () => {} } : behind(name, answer);
      const console = { name, read: () => read({ copy, name }), print };
      await (follow ? followConsole(console, signal) : readConsole(console, 0));
      flush();
    };
    if (follow) await Promise.all(names.map(show));
    else for (const name of names) await show(name);
  },
});

/** Puts a name in front of each line, and waits until a line is whole. */
function behind(name: string, answer: (text: string) => void): { readonly print: (text: string) => void; readonly flush: () => void } {
  let rest = "";
  const line = (text: string): void => answer(`${name} | ${text}\n`);
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
