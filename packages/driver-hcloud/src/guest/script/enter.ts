import { TEST_USER } from "./write-key.ts";

/**
 * `swap` puts the prepared subvolumes in place, each by one atomic exchange. A power cut between
 * the two boots the new root with the old home, which the next rollback replaces. The sync makes
 * the exchange durable, or a later crash would boot the old root. It syncs folders, not the file
 * system: a test may have left gigabytes in memory.
 *
 * The programs of the old root may ignore SIGTERM or take 90 s to stop, so they get SIGKILL, and
 * those that a service starts when it stops get it after 20 s. PID 1 is asked for the soft reboot
 * before that, and directly: else it would start services again, logind among them. If it refuses,
 * a full reboot enters the same root.
 */
export const ENTER = `swap() {
  mv -T --exchange $top/@ $work/root
  mv -T --exchange $top/@home $work/home
  keep_work
  read -r boot < /proc/sys/kernel/random/boot_id
  read -r up _ < /proc/uptime
  echo "$1 $boot \${up/./}" > $state/entered
  cp /proc/1/mountinfo $state/mounts
  sync $top $state $state/old $state/entered $top/@home/${TEST_USER}/.ssh/authorized_keys
}
in_the_machine() { nsenter --mount=/proc/1/ns/mnt -- "$@"; }
leave_nextroot() {
  local line lines
  mapfile -t lines < /proc/1/mountinfo
  for line in "\${lines[@]}"; do
    [[ $line != *" /run/nextroot "* ]] || in_the_machine umount -l /run/nextroot
  done
  [[ ! -L /run/nextroot ]] || rm /run/nextroot
}
soft_reboot() {
  swap "$1"
  leave_nextroot
  [[ -d /run/nextroot ]] || mkdir /run/nextroot
  in_the_machine mount -t btrfs -o noatime,subvol=@ "$device" /run/nextroot
  leave_by 'trap "" HUP TERM
    systemctl start soft-reboot.target --job-mode=replace-irreversibly --no-block || exec systemctl reboot --force --force
    while true; do kill -KILL -1; sleep 20; done'
}
full_reboot() {
  swap "$1"
  btrfs filesystem sync $top
  leave_nextroot
  reboot_now
}
# Neither a kernel that a test loaded nor a root that it prepared.
export SYSTEMCTL_SKIP_AUTO_KEXEC=1 SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1
reboot_now() {
  leave_by 'kill -KILL -1; exec systemctl reboot --force --force'
}
# The process that leaves survives its own signal, and outlives the connection. It waits for the end
# of this script, whose exit code would else be that of a killed one.
leave_by() {
  echo entering
  setsid bash -c "tail --pid=$$ --sleep-interval=0.01 -f /dev/null; $1" < /dev/null > /dev/null 2>&1 &
}
`;
