/** Less than this is not worth a second: rests of an alignment. 512-byte sectors. */
const LEAST_SECTORS = 8192;

/**
 * Returns a script for root that lets a btrfs root file system fill its disk, which may be larger
 * than the image. The partition grows first, where the disk has partitions and the image has
 * `growpart` (Debian: cloud-guest-utils).
 */
export function growRootScript(): string {
  return `if [ "$(stat -f -c %T /)" = btrfs ]; then
  root=$(findmnt -n -v -o SOURCE /)
  part=/sys/class/block/\${root##*/}
  if [ -e "$part/partition" ] && command -v growpart >/dev/null; then
    disk=$(dirname "$(readlink -f "$part")")
    free=$(($(cat "$disk/size") - $(cat "$part/start") - $(cat "$part/size")))
    if [ "$free" -ge ${LEAST_SECTORS} ]; then growpart "/dev/\${disk##*/}" "$(cat "$part/partition")" >/dev/null; fi
  fi
  btrfs filesystem resize max / >/dev/null
fi`;
}
