import { changeDisk, readDisk } from "./on-disk.ts";
import { WRITE_KEY } from "./write-key.ts";

/** Lists the snapshots that are complete. */
export const LIST = readDisk(`for record in $snapshots/*/record; do
  record=\${record%/record}; echo "\${record##*/}"
done
`);

/** Removes the snapshot `$1`. A cut removal leaves a folder that the next one deletes. */
export const DROP = changeDisk(`
drop_tree $state/dropped
if [[ -d $snapshots/$1 ]]; then
  mv -T "$snapshots/$1" $state/dropped
  btrfs filesystem sync $top
  drop_tree $state/dropped
fi
`);

/** Authorizes the key `$1` on the running machine. */
export const AUTHORIZE = changeDisk(`${WRITE_KEY}

write_key /home "$1"
sync /home/vmrig/.ssh/authorized_keys
`);
