/** Commands that install the programs of this driver. */
export const PACKAGES = {
  "qemu-img": "apt-get install qemu-utils · dnf install qemu-img · brew install qemu",
  vde_switch: "apt-get install vde2 · dnf install vde2 · brew install vde",
} as const;
