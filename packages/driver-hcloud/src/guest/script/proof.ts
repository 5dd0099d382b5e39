import { ENTER } from "./enter.ts";
import { changeDisk, PROLOGUE } from "./on-disk.ts";
import { SCAN } from "./scan.ts";
import { COMPARE } from "./compare.ts";

/**
 * `survivors` prints the processes from before the soft reboot, `leftover_mounts` the mounts: those
 * on /dev, /sys and /run can outlive it. A mount is the same one when its file system (by device
 * number) and its folder are. Reads files only.
 */
const LEFTOVERS = `same_boot() {
  local boot now
  read -r _ boot _ < "$1/entered"
  read -r now < /proc/sys/kernel/random/boot_id
  [[ $boot == "$now" ]]
}
survivors() {
  local line pid words up
  same_boot "$1" || return 0
  read -r _ _ up < "$1/entered"
  for line in /proc/[0-9]*/stat; do
    read -r line 2> /dev/null < "$line" || continue
    pid=\${line%% *}; read -r -a words <<< "\${line##*) }"
    # A kernel thread has the flag 0x200000.
    (( pid == 1 || words[6] & 0x200000 || words[19] > up )) || [[ \${words[0]} == Z ]] || echo "$pid"
  done
}
leftover_mounts() {
  local point words
  same_boot "$1" || return 0
  local -A before=() captured=()
  while read -r -a words; do before[\${words[2]} \${words[4]}]=1; done < "$1/mounts"
  while read -r -a words; do captured[\${words[4]}]=1; done < "$2/mounts"
  while read -r -a words; do
    point=\${words[4]}
    [[ -z \${before[\${words[2]} $point]-} || -n \${captured[$point]-} ]] && continue
    case $point in / | /run/credentials* | /run/user/* | /run/nextroot | /proc/sys/fs/binfmt_misc) ;; *) echo "$point" ;; esac
  done < /proc/1/mountinfo
}
`;

/** Tells which root runs, by which rollback it was entered, and what is left of the time before. */
export const PROOF = `${PROLOGUE}${LEFTOVERS}
while read -r line; do
  [[ $line =~ ^[^\\ ]+\\ [^\\ ]+\\ [^\\ ]+\\ (/@[^\\ ]*)\\ (/|/home)\\ .*[,\\ ]subvolid=([0-9]+) ]] || continue
  echo "mount \${BASH_REMATCH[2]} \${BASH_REMATCH[1]} \${BASH_REMATCH[3]}"
done < /proc/self/mountinfo
state=/.snapshots/.vmrig
read -r token _ < $state/entered
echo "token $token"
same_boot $state || echo rebooted
for pid in $(survivors $state); do echo "survivor $pid"; done
leftover_mounts $state "/.snapshots/$1" | sed 's/^/leftover /'
stat --file-system --format 'space %a %b' /
`;

/** Ends what is left of the time before in the restored root, and compares the kernel's state. */
export const CLEAN_UP = changeDisk(`${LEFTOVERS}${SCAN}${COMPARE}
for pid in $(survivors $state); do kill -KILL $pid || true; done
while read -r point; do
  nsenter --mount=/proc/1/ns/mnt umount -l "$point" || true
done < <(leftover_mounts $state "$snapshots/$1" | tac)
bash -c "$SCAN" > $state/scan
compare "$1"
`);

/** Like `UNDO`, in the restored root, which runs. */
export const UNDO_RUNNING = changeDisk(`${SCAN}${COMPARE}
undo "$1" "$2" bash
`);

/** Records what the snapshot's own boot leads to, after a full reboot into it. */
export const RECORD_FRESH = changeDisk(`${SCAN}
bash -c "$SCAN" > $state/scan
mv -T $state/scan "$snapshots/$1/fresh"
`);

/** Reboots the restored root: its kernel has state that a soft reboot and an undo leave. */
export const REBOOT = changeDisk(`${ENTER}
leave_nextroot
btrfs filesystem sync $top
reboot_now
`);

/** Deletes the old roots, and waits until their space is free. */
export const FREE_SPACE = changeDisk(`
free_space
`);
