import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StateFiles } from "./state-files.ts";

/** Variables that programs need on this computer and that do not change their behaviour. */
const FROM_HOST =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY|SYSTEMROOT|COMSPEC|USERPROFILE|APPDATA|LOCALAPPDATA|PATHEXT)$/i;

export function hostEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && FROM_HOST.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/** Where Terraform gets providers from, and OpenTofu's own encryption of states and plans. */
const PASSED = ["TF_PLUGIN_CACHE_DIR", "TF_ENCRYPTION"] as const;

/**
 * Returns the environment of every Terraform that vmrig starts. `TF_CLI_ARGS`, `TF_VAR_…`,
 * `TF_WORKSPACE` and similar variables of the user's shell would change the plan or the apply, so
 * only variables of the computer are passed on, and those that providers need.
 *
 * @param more names of variables that the providers of the stack read
 */
export function terraformEnvironment(
  files: StateFiles,
  environment: NodeJS.ProcessEnv = process.env,
  more: Iterable<string> = [],
): Record<string, string> {
  const passed = [...PASSED, ...more].flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    ...hostEnvironment(environment),
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    ...cliConfig(files, environment),
    TF_DATA_DIR: files.data,
    ...Object.fromEntries(passed),
  };
}

/** The user's own config, or an empty one: with a missing file, Terraform warns at each command. */
function cliConfig(
  files: StateFiles,
  { HOME = "", XDG_CONFIG_HOME: config, TF_CLI_CONFIG_FILE: named = "" }: NodeJS.ProcessEnv,
): Record<string, string> {
  if (existsSync(named)) return { TF_CLI_CONFIG_FILE: named };
  const usual = [
    join(HOME, ".terraformrc"),
    join(HOME, ".tofurc"),
    join(config ?? join(HOME, ".config"), "opentofu", "tofurc"),
  ];
  return usual.some((path) => existsSync(path)) ? {} : { TF_CLI_CONFIG_FILE: files.cliConfig };
}
