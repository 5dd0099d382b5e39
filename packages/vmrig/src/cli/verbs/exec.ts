import { quoteWord } from "../../ssh/quote.ts";
import { endedWith } from "../ended-with.ts";
import { holdMachines } from "../hold-machines.ts";
import { pickMachine } from "../pick-machine.ts";
import { defineVerb } from "../verb.ts";

export const exec = defineVerb({
  name: "exec",
  summary: "runs a program on a machine, with this one's input and output",
  details: [
    "The program gets its arguments as they are; for a line of shell: -- sh -c 'LINE'.",
    "The machine is rolled back first, and the lease is held until the program has ended.",
  ],
  operands: [{ name: "MACHINE", required: true }],
  command: "required",
  options: {},
  async run(surroundings, { operands: [wanted], command }) {
    const { say } = surroundings;
    const line = `exec ${command.map(quoteWord).join(" ")}`;
    return await holdMachines(surroundings, { check: (rig) => void pickMachine(rig, wanted) }, async (held) => {
      const { claim, signal } = held;
      const name = pickMachine(held.rig, wanted);
      const connection = await claim.connect(name);
      say(`exec     ${name}: ${claim.copy} is held until the command has ended`);
      const { stdin, stdout, stderr } = process;
      try {
        const result = await connection.exec(line, { input: stdin, output: { stdout, stderr }, signal, stopSignal: "TERM" });
        signal.throwIfAborted();
        return endedWith(result.exitCode, result.signal);
      } finally {
        // Whoever writes to it may go on for ever.
        stdin.destroy();
      }
    });
  },
});
