/** Old roots that stay for post-mortems. */
const KEPT = 3;

/**
 * `keep_work` moves the work of a rollback, finished or cut, to the old roots: it may be the root
 * that runs. `drop_old_roots N` deletes all but the newest N, never the one that runs.
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
  local part doomed=()
  for part in root home; do [[ ! -d $1/$part ]] || doomed+=("$1/$part"); done
  if (( \${#doomed[@]} )); then
    btrfs -q subvolume delete -R "\${doomed[@]}" 2> /dev/null || true
  fi
  # What is no subvolume, or an older btrfs-progs: rm removes empty subvolumes as folders.
  rm -rf "$1"
}
drop_old_roots() {
  local old all=($state/old/*)
  for old in "\${all[@]:0:\${#all[@]} > $1 ? \${#all[@]} - $1 : 0}"; do
    [[ $running == "\${old#$top}"/* ]] || drop_tree "$old"
  done
}
KEPT=${KEPT}
`;
