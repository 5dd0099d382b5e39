/** Old roots that stay for post-mortems. */
const KEPT = 3;

/**
 * `keep_work` moves the work of a rollback, finished or cut, to the old roots: it may be the root
 * that runs. `drop_old_roots N` deletes all but the newest N, and none that is
 * mounted. `make_room` is for a full disk.
 */
export const OLD_ROOTS = `keep_work() {
  [[ -d $state/next ]] || return 0
  [[ -d $state/old ]] || mkdir $state/old
  local last all=($state/old/*)
  last=\${all[*]: -1}; last=\${last##*/}
  local number; printf -v number %08d $(( 10#\${last:-0} + 1 ))
  mv -T $state/next $state/old/$number
}
drop_tree() {
  local part found=()
  for part in root home; do [[ ! -d $1/$part ]] || found+=("$1/$part"); done
  if (( \${#found[@]} )); then
    btrfs -q subvolume delete -R "\${found[@]}" 2> /dev/null || true
  fi
  # What is no subvolume, or an older btrfs-progs: rm removes empty subvolumes as folders.
  rm -rf "$1"
}
drop_old_roots() {
  local old all=($state/old/*)
  for old in "\${all[@]:0:\${#all[@]} > $1 ? \${#all[@]} - $1 : 0}"; do
    [[ $mounted == *" \${old#$top}/"* ]] || drop_tree "$old"
  done
}
# The cleaner sleeps for up to 30 s, unless a sync wakes it.
free_space() {
  drop_old_roots 0
  btrfs filesystem sync $top
  btrfs subvolume sync -s 1 $top > /dev/null
}
# 32 MB, for a rollback and the files that it writes.
has_room() { (( $(stat --file-system --format %a $top) > 8192 )); }
# Large files that are newer than every snapshot are emptied only in a root that is about to go.
make_room() {
  free_space
  [[ -n $doomed ]] || return 0
  find /home /root /var /srv /opt -xdev -type f -size +1M -newer $state/captured -exec truncate -s 0 {} + || true
  btrfs filesystem sync $top
}
KEPT=${KEPT}
`;
