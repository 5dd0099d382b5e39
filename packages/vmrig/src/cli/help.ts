import { COMMON, VERBS } from "./table.ts";
import type { OptionSpecs, Verb } from "./verb.ts";

/** Returns the usage line `vmrig ssh [options] [MACHINE] [-- COMMAND…]`. */
export function usage({ name, operands, command, options }: Verb): string {
  const words = operands.map((operand) =>
    operand.required === true ? operand.name : `[${operand.name}]`,
  );
  const own = Object.keys(options).length === 0 ? [] : ["[options]"];
  const after =
    command === undefined ? [] : [command === "required" ? "-- COMMAND…" : "[-- COMMAND…]"];
  return ["vmrig", name, ...own, ...words, ...after].join(" ");
}

/** Returns the output of `vmrig --help`. */
export function generalHelp(verbs: readonly Verb[] = VERBS): string {
  return text([
    "vmrig — real virtual machines for tests",
    "",
    ...columns(verbs.map((verb) => [`vmrig ${verb.name}`, verb.summary])),
    "",
    "Options of every verb",
    ...columns(optionRows(COMMON)),
    "",
    "Help for one verb: vmrig VERB --help",
    "",
    "Exit codes: 0 success · 1 test failure · 2 invalid command or config · 3 infrastructure failure · 4 bug in vmrig · 130, 143 interrupted.",
    "ssh and exec exit with the exit code of their command. Results go to standard output, everything else to standard error.",
  ]);
}

/** Returns the output of `vmrig VERB --help`. */
export function verbHelp(verb: Verb): string {
  const own = optionRows(verb.options);
  return text([
    usage(verb),
    "",
    `  ${verb.summary}`,
    ...(verb.details.length === 0 ? [] : ["", ...verb.details.map((line) => `  ${line}`)]),
    ...(own.length === 0 ? [] : ["", "Options", ...columns(own)]),
  ]);
}

function optionRows(options: OptionSpecs): [string, string][] {
  return Object.entries(options).map(([name, { short, value, help, multiple }]) => [
    `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}${multiple === true ? " …" : ""}`,
    help,
  ]);
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
