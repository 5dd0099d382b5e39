import { OLD_ROOTS } from "./old-roots.ts";
import { EXIT } from "./exit-codes.ts";

/**
 * Starts each script. `/usr/local` is not on the path, because tests put their own programs there.
 * A test inserts a fault after this line.
 */
export const PROLOGUE = `set -euo pipefail; shopt -s nullglob; umask 022
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
`;

/**
 * Finds the disk by what is mounted on `/`: `$device`, and `$mounted`, the paths of its subvolumes
 * that are mounted. The kernel shows present paths: an old root that still runs is recognised after
 * the swap.
 */
const FIND_DISK = `device= mounted=' ' type=unknown
while read -r line; do
  [[ $line =~ ^[0-9]+\\ [0-9]+\\ [0-9:]+\\ ([^ ]+)\\ ([^ ]+)\\ .*\\ -\\ ([^ ]+)\\ ([^ ]+)\\  ]] || continue
  if [[ \${BASH_REMATCH[3]} == btrfs ]]; then mounted+="\${BASH_REMATCH[1]} "; fi
  if [[ \${BASH_REMATCH[2]} == / ]]; then type=\${BASH_REMATCH[3]} device=\${BASH_REMATCH[4]}; fi
done < /proc/1/mountinfo
[[ $type == btrfs ]] || { echo "/ is $type, not btrfs"; exit ${EXIT.layout}; }
`;

/**
 * Mounts the top level of the disk on /mnt. The script has a mount namespace: its mounts end with it,
 * even when it is killed, and no process of the machine sees them.
 */
const MOUNT_TOP = `top=/mnt
[[ -d $top ]] || mkdir -p $top
mount -t btrfs -o subvolid=5,noatime "$device" $top
for subvolume in @ @home @snapshots; do
  [[ -d $top/$subvolume ]] || { echo "the disk has no subvolume $subvolume"; exit ${EXIT.layout}; }
done
snapshots=$top/@snapshots state=$top/@snapshots/.vmrig
`;

/** Takes the lock of the machine, which the rest of the script holds. */
const LOCK = `[[ -d $state ]] || mkdir -m 700 $state
exec 9> $state/lock
flock -w 60 9 || exit ${EXIT.locked}
`;

/**
 * Compares \`$1\` with the largest fence of this machine, and stores it. A file that a test damaged
 * refuses every fence: to guess would let a lost lease in.
 */
const PASS_FENCE = `fence=$1 seen=-1; shift
if [[ -e $state/fence ]]; then
  seen=; read -r seen < $state/fence || true
  [[ $seen =~ ^(0|[1-9][0-9]{0,15})$ ]] || exit ${EXIT.fenceUnreadable}
fi
if (( seen > fence )); then echo "$seen"; exit ${EXIT.fenced}; fi
store_fence() {
  echo "$fence" > $state/fence.new && sync $state/fence.new && mv -T $state/fence.new $state/fence && sync $state
}
if (( seen < fence )); then
  store_fence || { make_room && store_fence; } || exit ${EXIT.full}
fi
`;

/** Returns a script that works on the disk, without a change to it. */
export function readDisk(body: string): string {
  return inOwnMounts(`${FIND_DISK}${MOUNT_TOP}${body}`);
}

/** Returns a script that changes the disk. Its first argument is the fence. */
export function changeDisk(body: string): string {
  return inOwnMounts(`doomed=\n${FIND_DISK}${MOUNT_TOP}${OLD_ROOTS}${LOCK}${PASS_FENCE}${body}`);
}

/** Like {@link changeDisk}, for a script that replaces the root that runs. */
export function replaceRoot(body: string): string {
  return changeDisk(body).replace("doomed=\n", "doomed=1\n");
}

/** Bash reads a script from a pipe one byte at a time, so `cat` reads all but the first line. */
function inOwnMounts(body: string): string {
  return `exec unshare --mount --propagation private bash -c "$(cat)" vmrig "$@"\n${PROLOGUE}${body}`;
}
