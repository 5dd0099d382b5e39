import { changeDisk, replaceRoot } from "./on-disk.ts";

const SWITCH = `for link in /sys/class/net/*; do
  [[ $(< "$link/address") == "$1" ]] || continue
  ip link set dev "\${link##*/}" "$2"
  exit 0
done
echo "no interface has the address $1" >&2
exit 1
`;

/**
 * Switches the interface with the hardware address `$1`; `$2` is `up` or `down`. networkd asks for
 * the address again by itself.
 */
export const SET_LINK = changeDisk(SWITCH);

/** Like {@link SET_LINK}, before a restore: the fence may need the space of what a test wrote. */
export const SET_LINK_TO_RESTORE = replaceRoot(SWITCH);
