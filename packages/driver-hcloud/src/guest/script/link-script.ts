import { changeDisk } from "./on-disk.ts";

/**
 * Switches the interface with the hardware address `$1`; `$2` is `up` or `down`. networkd asks for
 * the address again by itself.
 */
export const SET_LINK = changeDisk(`for link in /sys/class/net/*; do
  [[ $(< "$link/address") == "$1" ]] || continue
  ip link set dev "\${link##*/}" "$2"
  exit 0
done
echo "no interface has the address $1" >&2
exit 1
`);
