import { EXIT } from "./exit-codes.ts";
import { changeDisk } from "./on-disk.ts";
import { WRITE_RECORD } from "./record.ts";
import { SCAN } from "./scan.ts";

/**
 * Captures `$1`: builds all of it aside, and puts it in place by one rename. Cut before, the former
 * snapshot of that name is there; cut after, the new one.
 */
export const CAPTURE = changeDisk(`${WRITE_RECORD}${SCAN}
name=$1 work=$state/capture
drop_tree $work
drop_tree $state/replaced
nested=$(btrfs subvolume list -o / | sed -n 's/.* path //p'; btrfs subvolume list -o /home | sed -n 's/.* path //p')
if [[ -n $nested ]]; then echo "$nested"; exit ${EXIT.nested}; fi
has_room || make_room
has_room || exit ${EXIT.full}
mkdir $work
touch $state/captured
bash -c "$SCAN" > $work/kernel
cat /proc/1/mountinfo > $work/mounts
if [[ -d /sys/module/nf_tables ]]; then nft --stateless list ruleset > $work/nftables 2> /dev/null || true; fi
btrfs -q subvolume snapshot -r / $work/root
btrfs -q subvolume snapshot -r /home $work/home
write_record $work @snapshots/.vmrig/capture
btrfs filesystem sync $top
if [[ -d $snapshots/$name ]]; then
  mv -T --exchange $work "$snapshots/$name"
  mv -T $work $state/replaced
else
  mv -T $work "$snapshots/$name"
fi
btrfs filesystem sync $top
drop_tree $state/replaced
`);
