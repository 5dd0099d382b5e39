import { quoteWord } from "../../ssh/quote.ts";
import { endedWith } from "../ended-with.ts";
import { REACH, reachMachine } from "../reach-machine.ts";
import { defineVerb } from "../verb.ts";

export const exec = defineVerb({
  name: "exec",
  summary: "runs a program on a machine, with this one's input and output",
  details: [
    "The program gets its arguments as they are; for a line of shell: -- sh -c 'LINE'.",
    "The machine is rolled back first, and the lease is held until the program has ended; but what you keep of a failed run is left as it is.",
  ],
  operands: [{ name: "MACHINE", required: true }],
  command: "required",
  options: REACH,
  async run(surroundings, { operands: [machine], command, options }) {
    const { say } = surroundings;
    const line = `exec ${command.map(quoteWord).join(" ")}`;
    return await reachMachine(
      surroundings,
      { machine, ...options, until: "until the command has ended" },
      async (reached) => {
        const { name, standing, signal } = reached;
        const connection = await reached.connect();
        say(`exec     ${name}: ${standing}`);
        const { stdin, stdout, stderr } = process;
        try {
          const result = await connection.exec(line, {
            input: stdin,
            output: { stdout, stderr },
            signal,
            stopSignal: "TERM",
          });
          signal.throwIfAborted();
          return endedWith(result.exitCode, result.signal);
        } finally {
          // Whoever writes to it may go on for ever.
          stdin.destroy();
          if (reached.kept) connection.hangUp();
        }
      },
    );
  },
});
