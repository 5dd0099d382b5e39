import { access, readFile } from "node:fs/promises";
import type { CopySpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { quoteWord } from "../ssh/quote.ts";
import type { StateFiles } from "./state-files.ts";

/**
 * Refuses to continue when an earlier Terraform could not save its state and left it in its folder
 * as `errored.tfstate`. Continuing from the older state would create the machines twice.
 *
 * @throws VmrigError `STATE_UNSAVED` with the command that saves the state
 */
export async function refuseUnsavedState(
  copy: CopySpec,
  files: StateFiles,
  terraform: string,
): Promise<void> {
  try {
    await access(files.unsaved);
  } catch {
    return;
  }
  const push = [
    `TF_DATA_DIR=${quoteWord(files.data)}`,
    terraform,
    `-chdir=${quoteWord(files.stack)}`,
    "state push errored.tfstate",
  ];
  throw new VmrigError("STATE_UNSAVED", {
    message: `An earlier run could not save the Terraform state of "${copy.copy}". vmrig changed nothing.`,
    details: [
      `unsaved: ${files.unsaved}, ${await serialOf(files.unsaved)}`,
      `saved: ${files.state}, ${await serialOf(files.state)}`,
    ],
    hint: `save the state: \`${push.join(" ")} && rm ${quoteWord(files.unsaved)}\``,
  });
}

async function serialOf(path: string): Promise<string> {
  try {
    const { serial } = JSON.parse(await readFile(path, "utf8")) as { readonly serial?: unknown };
    return `serial ${String(serial)}`;
  } catch {
    return "unreadable";
  }
}
