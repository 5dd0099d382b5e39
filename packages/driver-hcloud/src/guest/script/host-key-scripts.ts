import { changeDisk } from "./on-disk.ts";

/** Makes the next host key in the machine. Prints its public half. A second call prints the same. */
export const MAKE_KEY = changeDisk(`[[ -e /etc/ssh/vmrig_next.pub ]] || {
  rm -f /etc/ssh/vmrig_next
  ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/vmrig_next
  sync
}
cut -d " " -f 1-2 /etc/ssh/vmrig_next.pub
`);

/**
 * Replaces the host key of the first boot, which was in the user data, by the made one, which is
 * `$1`, and removes what cloud-init stored of the user data. cloud-init never runs again: it would
 * bring the old key back.
 */
export const ENTER_KEY = changeDisk(`[[ $(cut -d " " -f 1-2 /etc/ssh/vmrig_next.pub) == "$1" ]]
touch /etc/cloud/cloud-init.disabled
rm -rf /var/lib/cloud/instances /var/lib/cloud/instance /var/log/cloud-init*.log
rm -f /run/cloud-init/instance-data*.json /run/cloud-init/combined-cloud-config.json
install -m 0600 /etc/ssh/vmrig_next /etc/ssh/ssh_host_ed25519_key
install -m 0644 /etc/ssh/vmrig_next.pub /etc/ssh/ssh_host_ed25519_key.pub
sync
systemctl reload ssh.service
rm -f /etc/ssh/vmrig_next /etc/ssh/vmrig_next.pub
`);
