import { quoteWord } from "../../ssh/quote.ts";
import { endedWith } from "../ended-with.ts";
import { LOGIN_OPTIONS } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const exec = defineVerb({
  name: "exec",
  summary: "runs a program on a machine, connected to stdin, stdout and stderr",
  details: [
    "The program gets its arguments unchanged. For a shell command: -- sh -c 'LINE'.",
    "Rolls the machine back first, and holds the lease until the program exits. A copy retained for you after a failed run is used without a rollback.",
  ],
  operands: [{ name: "MACHINE", required: true }],
  command: "required",
  options: LOGIN_OPTIONS,
  async run(context, { operands: [machine], command, options }) {
    const { say } = context;
    const { reachMachine } = await import("../reach-machine.ts");
    const line = `exec ${command.map(quoteWord).join(" ")}`;
    return await reachMachine(
      context,
      { machine, ...options, until: "until the command has ended" },
      async (reached) => {
        const { name, description, signal } = reached;
        const connection = await reached.connect();
        say(`exec     ${name}: ${description}`);
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
          // Its writer may never close it, and an open standard input keeps this process alive.
          stdin.destroy();
          if (reached.isRetained) connection.hangUp();
        }
      },
    );
  },
});
