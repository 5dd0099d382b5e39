import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteWord } from "../ssh/quote.ts";
import { findTerraform } from "./terraform-binary.ts";

/**
 * Writes a stand-in for OpenTofu 1.7 and newer, which is in no package registry: a program `tofu`
 * that runs Terraform on a private copy of the state, and copies it back at the end. When it is
 * killed during an apply, nothing of the apply is in the state. Like OpenTofu, it first creates an
 * empty state and the lock's file. It is also killed at the end of an apply while the file `die`
 * exists beside it.
 *
 * @returns its path, for `VMRIG_TERRAFORM`
 */
export async function writeTofu(folder: string): Promise<string> {
  const { path } = await findTerraform();
  const tofu = join(folder, "tofu");
  const terraform = quoteWord(path);
  const script = `#!/bin/sh
test "$1" = apply || exec ${terraform} "$@"
folder=$(cd ../../.. && pwd)
state=$folder/terraform.tfstate private=$folder/private.tfstate lock=$folder/.terraform.tfstate.lock.info
shift
: >> "$state"
echo '{}' > "$lock"
rm -f "$private"
test ! -s "$state" || cp "$state" "$private"
${terraform} apply -state-out="$private" "$@"
code=$?
# The step kills Terraform, its parent. The stand-in dies with it.
test $code -gt 128 -o -e ${quoteWord(join(folder, "die"))} && kill -KILL $$
test ! -e "$private" || cp "$private" "$state"
rm -f "$lock" "$private"
exit $code
`;
  await writeFile(tofu, script);
  await chmod(tofu, 0o755);
  return tofu;
}
