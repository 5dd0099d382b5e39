import { COMPARE } from "./compare.ts";
import { EXIT } from "./exit-codes.ts";
import { changeDisk, replaceRoot } from "./on-disk.ts";
import { CHECK_SNAPSHOT } from "./record.ts";
import { ENTER_CLEAN, SCAN } from "./scan.ts";
import { WRITE_KEY } from "./write-key.ts";
import { ENTER } from "./enter.ts";

/**
 * Creates the subvolumes to enter. A cut rollback begins again. The dates of timers with
 * `Persistent=` are renewed: the system that starts would catch up on what was due since the
 * capture.
 */
const PREPARE = `work=$state/next
renew_timers() {
  touch -ch $work/root/var/lib/systemd/timers/stamp-* \
    $work/home/*/.local/share/systemd/timers/stamp-* || true
}
prepare() {
  has_room && mkdir $work &&
    btrfs -q subvolume snapshot "$snapshots/$1/root" $work/root &&
    btrfs -q subvolume snapshot "$snapshots/$1/home" $work/home && write_key $work/home "$2" &&
    renew_timers
}
`;

const CLEAN_SCAN = `clean_scan() {
  enter_clean $work/root
  chroot $work/root bash -c "$SCAN" > $state/scan
}
`;

const TOOLS = [WRITE_KEY, PREPARE, SCAN, ENTER_CLEAN, CLEAN_SCAN, COMPARE, ENTER].join("");

/**
 * Prepares the rollback to `$1` with the key `$2`, and enters it as `$3` when the kernel is in the
 * state of the capture. Otherwise prints the differences.
 */
export const BEGIN_RESTORE = replaceRoot(`${CHECK_SNAPSHOT}${TOOLS}
check_snapshot "$1"
keep_work
drop_old_roots $(( KEPT - 1 ))
if ! prepare "$1" "$2"; then
  # The disk is full: of old roots, or of what the test wrote.
  drop_tree $work
  make_room
  has_room || exit ${EXIT.full}
  prepare "$1" "$2"
fi
clean_scan
if ! cmp -s $state/scan "$snapshots/$1/kernel"; then
  differences=$(compare "$1")
  if [[ -n $differences ]]; then echo "$differences"; exit ${EXIT.differs}; fi
fi
soft_reboot "$3"
`);

/**
 * Undoes differences with the programs of the clean root: `$2` is a script. Prints what is left of
 * them.
 */
export const UNDO = changeDisk(`${TOOLS}
enter_clean $work/root
undo "$1" "$2" chroot $work/root bash
`);

/** Enters the prepared rollback as `$1` by `$2`, a soft or a full reboot. */
export const FINISH_RESTORE = changeDisk(`${TOOLS}
[[ -d $work/root && -d $work/home ]] || exit ${EXIT.missing}
case $2 in soft) soft_reboot "$1" ;; *) full_reboot "$1" ;; esac
`);
