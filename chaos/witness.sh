#!/bin/bash
# One command of a run on a machine, read from stdin: `bash -s FILE SESSION VISIT FENCE NONCE MS`. It says what it finds and what it does, one line each, in a
# file that no rollback rewinds. A line is one write to a file opened for appending, so lines of all machines stand in the order of time.
# Words: kind, ms since the epoch, session, visit, copy, machine, fence and nonce as the run was told, nonce and remains as they are on the
# disk, the largest fence that the machine has seen. What a machine does not know of itself is `-`.
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
# What a careless test leaves running: in a session of its own, without the command's output.
(setsid bash -c "sleep 0.$((RANDOM % 8 + 1)); $(declare -p file lead session visit fence nonce found remains seen copy machine); $(declare -f say); say late" >/dev/null 2>&1 &)
half=$(printf '%d.%03d' $((ms / 2000)) $((ms / 2 % 1000)))
sleep "$half"
say tick
sleep "$half"
say end
