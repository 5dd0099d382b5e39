#!/bin/bash
# One command of a run on a machine, read from stdin: `bash -s FILE SESSION VISIT FENCE NONCE MS`.
# It appends what it finds and does, one row each, to a file that a rollback does not restore. A row
# is one write to a file that is opened for appending, so the rows of all machines are in the order
# of time.
# Fields: kind, ms since the epoch, session, visit, copy, machine, fence and nonce that the run was
# granted, nonce and remains as they are on the disk, the largest fence that the machine has seen.
# A field that the machine does not know is `-`.
file=$1 session=$2 visit=$3 fence=$4 nonce=$5 ms=$6

folder=${VMRIG_FAKE_DISK%/disk}
machine=${folder##*/} copy=${folder%/machines/*}
copy=${copy##*/}
# A rollback may have cut off the last line on a console.
lead=
[ ! -c "$file" ] || lead=$'\n'
say() {
  printf '%s%s %s %s %s %s %s %s %s %s %s %s\n' "$lead" "$1" "$((${EPOCHREALTIME/[.,]/} / 1000))" \
    "$session" "$visit" "${copy:--}" "${machine:--}" "$fence" "$nonce" "$found" "$remains" "$seen" >>"$file"
}

found=- remains=- seen=0
for path in ~/.vmrig/nonce /var/lib/vmrig/nonce; do
  [ ! -e "$path" ] || read -r found <"$path"
done
[ ! -e ~/remains ] || read -r remains <~/remains || remains=empty # the disk was full
for path in "$folder"/fences/*; do
  [ "${path##*/}" -gt "$seen" ] 2>/dev/null && seen=${path##*/}
done
[ "$folder" != "" ] || seen=-

say begin
echo "$fence/$nonce" >~/remains
# A process that a careless test leaves running: in its own session, without the command's output.
(setsid bash -c "sleep 0.$((RANDOM % 8 + 1)); $(declare -p file lead session visit fence nonce found remains seen copy machine); $(declare -f say); say late" >/dev/null 2>&1 &)
half=$(printf '%d.%03d' $((ms / 2000)) $((ms / 2 % 1000)))
sleep "$half"
say tick
sleep "$half"
say end
