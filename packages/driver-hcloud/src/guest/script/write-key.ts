import { LEASE_KEY_COMMENT } from "vmrig/driver";

/** Login user of the tests; part of the image. */
export const TEST_USER = "vmrig";

/**
 * `write_key HOME KEY` authorizes the key of a lease, removes those of other leases, and keeps the
 * other keys. `HOME` is the folder of homes. A link would lead out of the subvolume.
 */
export const WRITE_KEY = `write_key() {
  local user=$1/${TEST_USER} key="$2 ${LEASE_KEY_COMMENT}" line kept=
  local folder=$user/.ssh file=$user/.ssh/authorized_keys new=
  [[ -d $user && ! -L $user ]] || return 1
  if [[ -L $folder || ! -d $folder ]]; then rm -rf $folder; mkdir -m 700 $folder; new=1; fi
  if [[ -L $file || ! -f $file ]]; then rm -rf $file; new=1
  else
    while IFS= read -r line || [[ -n $line ]]; do
      [[ $line == *" ${LEASE_KEY_COMMENT}" ]] || kept+=$line$'\\n'
    done < $file
  fi
  printf '%s%s\\n' "$kept" "$key" > $file || return
  [[ -z $new ]] || { chmod 600 $file; chown -R --reference=$user $folder; }
}
`;
