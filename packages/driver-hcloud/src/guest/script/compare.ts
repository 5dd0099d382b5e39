/** Lines that a comparison prints at most: each link comes with 130 sysctls. */
const MOST_LINES = 10_000;

/**
 * `compare NAME` prints the facts that differ: `-` leads those of the capture only, `+` those of
 * now only. A full reboot since the capture showed what the snapshot's own boot leads to, which is
 * no difference either.
 */
export const COMPARE = `compare() { all_differences "$1" | sed -n '1,${MOST_LINES}p'; }
all_differences() {
  local base=$snapshots/$1/kernel fresh=$snapshots/$1/fresh
  if [[ -f $fresh ]]; then
    comm -12 "$base" "$fresh" | comm -23 - $state/scan | sed 's/^/-/'
    sort -u "$base" "$fresh" | comm -13 - $state/scan | sed 's/^/+/'
  else
    comm -23 "$base" $state/scan | sed 's/^/-/'
    comm -13 "$base" $state/scan | sed 's/^/+/'
  fi
}
# undo NAME SCRIPT SHELL… runs the script, and prints what is left, and the modules in use.
undo() {
  local name=$1 script=$2 line count rules=/dev/null
  shift 2
  [[ ! -f $snapshots/$name/nftables ]] || rules=$snapshots/$name/nftables
  "$@" -c "$script" 8< "$rules" > $state/undo 2>&1 < /dev/null || true
  "$@" -c "$SCAN" > $state/scan
  compare "$name"
  [[ -e /proc/modules ]] || return 0
  while read -r line _ count _; do (( count == 0 )) || echo "held $line"; done < /proc/modules
}
`;
