// The control plane of a team: `npm run infra -- plan | apply | output | destroy`.
import { parseArgs } from "node:util";
import { exitCode } from "../../packages/vmrig/src/cli/exit-code.ts";
import { listenForInterruption } from "../../packages/vmrig/src/cli/interruption.ts";
import { asVmrigError, VmrigError } from "../../packages/vmrig/src/errors/vmrig-error.ts";
import { withFileLock } from "../../packages/vmrig/src/local-files/file-lock.ts";
import type { Call } from "./commands/context.ts";
import { openFolder } from "./folder.ts";

const USAGE = [
  "npm run infra -- plan                 shows what apply would change",
  "npm run infra -- apply [--allow ADDRESS]…",
  "npm run infra -- output [--url]       what a team sets; --url prints the password, too",
  "npm run infra -- destroy NAME",
];

const interruption = listenForInterruption();

async function main(argv: readonly string[]): Promise<void> {
  const { verb, name, allow, url } = parse(argv);
  const files = await openFolder();
  const call: Call = {
    files,
    signal: interruption.signal,
    say: (line) => void process.stderr.write(`infra    ${line}\n`),
    print: (line) => void process.stdout.write(`${line}\n`),
  };
  // Two terminals would make two pairs of keys.
  const lock = { path: files.lock, on: "the control plane", signal: call.signal };
  await withFileLock(lock, async () => {
    switch (verb) {
      case "plan":
        return await (await import("./commands/plan.ts")).plan(call, allow);
      case "apply":
        return await (await import("./commands/apply.ts")).apply(call, allow);
      case "output": {
        const { output, outputUrl } = await import("./commands/output.ts");
        return await (url ? outputUrl(call) : output(call));
      }
      case "destroy":
        return await (await import("./commands/destroy.ts")).destroy(call, name);
    }
  });
}

interface CommandLine {
  readonly verb: "plan" | "apply" | "output" | "destroy";
  readonly name: string | undefined;
  readonly allow: ReadonlySet<string>;
  readonly url: boolean;
}

function parse(argv: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { allow: { type: "string", multiple: true }, url: { type: "boolean" } },
    });
    const [verb, name, ...more] = positionals;
    const isVerb = verb === "plan" || verb === "apply" || verb === "output" || verb === "destroy";
    const fits = more.length === 0 && (name === undefined || verb === "destroy");
    if (isVerb && fits)
      return { verb, name, allow: new Set(values.allow), url: values.url === true };
  } catch {
    // An unknown option.
  }
  throw new VmrigError("COMMAND_INVALID", {
    message: "This is not a command of the control plane.",
    details: USAGE,
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { message, fault } = asVmrigError(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode(fault);
}
process.exitCode = interruption.code() ?? process.exitCode;
