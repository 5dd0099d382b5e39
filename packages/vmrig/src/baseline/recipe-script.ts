import { quote } from "../ssh/quote.ts";
import { placeFile } from "./place-file.ts";
import type { Recipe } from "./recipe.ts";

/** Returns the recipe's steps as scripts for root. Each step has a description for its error. */
export function recipeSteps(
  recipe: Recipe,
): ReadonlyArray<{ readonly what: string; readonly script: string }> {
  return [
    ...(recipe.packages.length === 0
      ? []
      : [{ what: `install ${recipe.packages.join(" ")}`, script: installScript(recipe.packages) }]),
    ...recipe.files.map((file) => ({ what: `write ${file.path}`, script: placeFile(file) })),
    ...recipe.run.map((command) => ({ what: command, script: command })),
  ];
}

/**
 * Converts a script to the stdin of `sh -s`. The shell reads all of the script before it runs the
 * first line. A script that arrives in part therefore does not run in part, and no command reads
 * the next line as its own input.
 */
export function asInput(script: string): string {
  return `{\n${script}\n} </dev/null\n`;
}

function installScript(packages: readonly string[]): string {
  const names = packages.map(quote).join(" ");
  return [
    "if command -v apt-get >/dev/null; then",
    "  export DEBIAN_FRONTEND=noninteractive",
    "  apt-get update -q",
    `  apt-get install -yq --no-install-recommends ${names}`,
    `elif command -v dnf >/dev/null; then dnf install -y ${names}`,
    `elif command -v apk >/dev/null; then apk add ${names}`,
    `elif command -v zypper >/dev/null; then zypper --non-interactive install ${names}`,
    "else echo 'this machine has none of apt-get, dnf, apk and zypper' >&2; exit 1",
    "fi",
  ].join("\n");
}
