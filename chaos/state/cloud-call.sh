#!/bin/bash
# One call to the suite's cloud: `cloud-call.sh WHAT CLOUD LOG SESSION FENCE HOME COPY MACHINE MS`, and
# for `create` OWNER MEMORY. A machine is a folder; it is complete when it has a record, which is
# moved there in one step. Calls for one machine wait for each other, and a call that is killed lets
# the next one in, with the remains of the machine as they are.
# The cloud knows no lease: it accepts the calls of an earlier run. Only `remove`, which vmrig itself
# calls with its fence, is refused after a call with a larger fence.
# Each row: kind, ms since the epoch, session, fence, home, copy, machine, memory, resource.
what=$1 cloud=$2 log=$3 session=$4 fence=$5 home=$6 copy=$7 machine=$8 ms=$9
owner=${10:--} memory=${11:--}
folder=$cloud/$copy/machines/$machine lock=$cloud/$copy/$machine.lock seen=$cloud/$copy/$machine.fence

resource=- values=-
[[ ${VMRIG_ORIGIN-} =~ \"resource\":\"([^\"]+)\" ]] && resource=${BASH_REMATCH[1]}
[[ ${VMRIG_ORIGIN-} =~ \"values\":\"([^\"]+)\" ]] && values=${BASH_REMATCH[1]}
say() {
  echo "$1 $((${EPOCHREALTIME/[.,]/} / 1000)) $session $fence $home $copy $machine $memory $resource" >>"$log"
}
work() { sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))" 9>&-; }
record() {
  printf '%s\n' "$owner" "$memory" "$values" "$VMRIG_ORIGIN" >"$folder/new-record"
  say "$1"
  mv "$folder/new-record" "$folder/record"
}

mkdir -p "$cloud/$copy/machines"
exec 9>>"$lock"
flock 9
largest=0
[ ! -e "$seen" ] || read -r largest <"$seen"
if [ "$fence" -gt "$largest" ]; then
  echo "$fence" >"$seen.new" && mv "$seen.new" "$seen"
elif [ "$what" = remove ] && [ "$fence" -lt "$largest" ]; then
  exit 3
fi
case $what in
create)
  if [ -e "$folder/record" ]; then
    { read -r its_owner; read -r _; read -r its_values; } <"$folder/record"
    if [ "$its_owner $its_values" = "$owner $values" ]; then
      record adopted
      exit
    fi
    say refused
    echo "uniqueness_error: $machine exists" >&2
    exit 1
  fi
  say creating
  rm -rf "$folder"
  mkdir "$folder"
  work
  record created
  ;;
*)
  say destroying
  rm -f "$folder/record"
  work
  rm -rf "$folder"
  say destroyed
  ;;
esac
