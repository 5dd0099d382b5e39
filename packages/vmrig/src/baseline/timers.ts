import { placeFile } from "./place-file.ts";

/**
 * Exists while timers are held. Each line has a manager (`-` or a user's id), a unit, and `start`
 * or `stay`.
 */
export const HELD_TIMERS = "/run/vmrig/held-timers";
export const HOLD_TIMERS = "/usr/lib/vmrig/hold-timers";
export const RELEASE_TIMERS = "/usr/lib/vmrig/release-timers";

/**
 * Runs systemctl for the system (`-`) or for a user, whose manager listens in /run/user/<id>.
 */
const SYSTEMCTL = `ctl() {
  manager=$1
  shift
  case $manager in
    -) systemctl "$@" </dev/null ;;
    *) runuser -u "$(id -nu "$manager")" -- env XDG_RUNTIME_DIR="/run/user/$manager" systemctl --user "$@" </dev/null ;;
  esac
}`;

/**
 * Prints the active timers that a step of the clock can fire, and cron. A transient timer would be
 * gone after a stop. A timer that also has OnBootSec would fire as soon as it starts again: it
 * stays stopped.
 */
const SELECT = `select_units() {
  shown=$(ctl "$1" show --property=Id,ActiveState,Transient,TimersCalendar,TimersMonotonic,OnClockChange '*.timer' cron.service crond.service)
  printf '%s\\n' "$shown" |
    awk -v RS= -F '\\n' '{
      id = ""; active = 0; transient = 0; clock = 0; how = "start"
      for (i = 1; i <= NF; i++) {
        if ($i ~ /^Id=/) id = substr($i, 4)
        if ($i == "ActiveState=active") active = 1
        if ($i == "Transient=yes") transient = 1
        if ($i ~ /^TimersCalendar=\\{/ || $i == "OnClockChange=yes") clock = 1
        if ($i ~ /^TimersMonotonic=\\{ On(Boot|Startup)USec/) how = "stay"
      }
      if (active && !transient && (clock || id ~ /^crond?\\.service$/)) print id, how
    }'
}`;

const HOLD = `#!/bin/sh
# Part of vmrig. Stops the units that would run because a rollback sets the clock.
set -eu
${SYSTEMCTL}
${SELECT}
hold() {
  found=$(select_units "$1")
  [ -n "$found" ] || return 0
  printf '%s\\n' "$found" | sed "s/^/$1 /" >> ${HELD_TIMERS}
  ctl "$1" stop $(printf '%s\\n' "$found" | cut -d ' ' -f 1)
}
mkdir -p ${HELD_TIMERS.slice(0, HELD_TIMERS.lastIndexOf("/"))}
hold -
for socket in /run/user/*/systemd/private; do
  [ -S "$socket" ] || continue
  user=\${socket#/run/user/}
  hold "\${user%%/*}"
done
`;

/**
 * `Persistent=` catches up on what was missed since the date of a stamp file, so the stamps get the
 * new time first.
 */
const RELEASE = `#!/bin/sh
# Part of vmrig. Starts the units that hold-timers stopped. None of them catches up.
set -eu
${SYSTEMCTL}
# Of two releases at a time, one gets the list.
mv ${HELD_TIMERS} ${HELD_TIMERS}.$$ 2>/dev/null || exit 0
system=
stamps=
while read -r manager unit how; do
  [ "$how" = start ] || continue
  case $manager in
    -)
      stamps="$stamps /var/lib/systemd/timers/stamp-$unit"
      system="$system $unit"
      ;;
    *)
      home=$(getent passwd "$manager" | cut -d: -f6)
      touch -c "$home/.local/share/systemd/timers/stamp-$unit"
      ctl "$manager" start "$unit"
      ;;
  esac
done < ${HELD_TIMERS}.$$
[ -z "$stamps" ] || touch -c $stamps
[ -z "$system" ] || systemctl start $system
rm ${HELD_TIMERS}.$$
`;

/** Returns a script for root that installs the two programs. */
export function timerProgramsScript(): string {
  return [
    placeFile({ path: HOLD_TIMERS, content: HOLD, mode: "0755", owner: "root:root" }),
    placeFile({ path: RELEASE_TIMERS, content: RELEASE, mode: "0755", owner: "root:root" }),
  ].join("\n");
}
