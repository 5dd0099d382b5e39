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

/**
 * Returns the environment of every Terraform that vmrig starts. `TF_CLI_ARGS`, `TF_VAR_…`,
 * `TF_WORKSPACE` and similar variables of the user's shell would change the plan or the apply, so
 * only variables of the computer are passed on.
 */
export function terraformEnvironment(
  files: StateFiles,
  environment: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  return {
    ...hostEnvironment(environment),
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    TF_CLI_CONFIG_FILE: files.cliConfig,
    TF_DATA_DIR: files.data,
  };
}
