import { LEASE_KEY_COMMENT, type Admission, type MachineRef } from "vmrig/driver";
import type { RootShell } from "../guest/root-shell.ts";
import { runScript } from "./run-script.ts";

const SCRIPT_MS = 30_000;

/** Replaces the keys of other leases by this one. Other keys stay, also when a test added them. */
const AUTHORIZE = `
set -e
folder=/home/vmrig/.ssh
install -d -m 0700 -o vmrig -g vmrig "$folder"
keys=$(mktemp "$folder/.authorized_keys.XXXXXX")
[ ! -e "$folder/authorized_keys" ] || grep -v " $2\\$" "$folder/authorized_keys" > "$keys" || true
printf '%s %s\\n' "$1" "$2" >> "$keys"
chown vmrig:vmrig "$keys"
chmod 0600 "$keys"
mv -T "$keys" "$folder/authorized_keys"
sync -f "$folder"
`;

/** Lets the key of a lease log in as the test user, and no key of another lease. */
export async function authorize(
  shell: RootShell,
  { ref, by }: { readonly ref: MachineRef; readonly by: Admission },
): Promise<void> {
  await runScript(shell, AUTHORIZE, {
    args: [by.authorize, LEASE_KEY_COMMENT],
    task: `authorize the lease's key on ${ref.name}`,
    timeoutMs: SCRIPT_MS,
    signal: by.signal,
  });
}
