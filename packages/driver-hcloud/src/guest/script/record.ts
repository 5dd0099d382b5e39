import { EXIT } from "./exit-codes.ts";

/**
 * `subvolume_facts` prints uuid, creation and path of the read-only subvolumes of the disk in one
 * call; a snapshot that was made writable is not among them.
 */
const READ_ONLY = `declare -A recorded=() present=()
read_only_subvolumes() {
  local line
  while read -r line; do
    [[ $line =~ cgen\\ ([0-9]+).*\\ uuid\\ ([0-9a-f-]+)\\ path\\ (.*)$ ]] || continue
    present[\${BASH_REMATCH[3]}]="\${BASH_REMATCH[2]} \${BASH_REMATCH[1]}"
  done < <(btrfs subvolume list -r -c -u $top)
}
`;

/** `write_record DIR PATH` records what the subvolumes of a capture are. */
export const WRITE_RECORD = `${READ_ONLY}write_record() {
  local part
  read_only_subvolumes
  for part in root home; do echo "$part \${present[$2/$part]}"; done > "$1/record"
}
`;

/**
 * `check_snapshot NAME` ends the script unless both subvolumes are the captured ones and read-only.
 * A test may have removed, changed or replaced them. Not detected: a subvolume that was made
 * writable, changed, and made read-only again.
 */
export const CHECK_SNAPSHOT = `${READ_ONLY}check_snapshot() {
  local part facts
  [[ -f $snapshots/$1/record && -f $snapshots/$1/kernel ]] || exit ${EXIT.missing}
  while read -r part facts; do recorded[$part]=$facts; done < "$snapshots/$1/record"
  read_only_subvolumes
  for part in root home; do
    if [[ ! -d $snapshots/$1/$part ]]; then
      echo "$part was deleted"; exit ${EXIT.damaged}
    elif [[ -z \${present[@snapshots/$1/$part]-} ]]; then
      echo "$part was made writable"; exit ${EXIT.damaged}
    elif [[ \${present[@snapshots/$1/$part]} != "\${recorded[$part]-}" ]]; then
      echo "$part was replaced by another subvolume"; exit ${EXIT.damaged}
    fi
  done
}
`;
