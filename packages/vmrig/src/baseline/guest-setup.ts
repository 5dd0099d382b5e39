import type { PublicKey } from "../driver/driver.ts";
import { LEASE_KEY_COMMENT } from "../driver/lease-key.ts";
import type { KeyPair } from "../ssh/keys.ts";
import { quote } from "../ssh/quote.ts";
import { growRootScript } from "./grow-root.ts";
import { placeFile } from "./place-file.ts";
import type { Recipe } from "./recipe.ts";
import { timerProgramsScript } from "./timers.ts";

/** A machine as the other machines of its rig know it. */
export interface Peer {
  readonly name: string;
  readonly lanAddress: string;
  readonly hostKey: PublicKey;
}

export interface GuestSetup {
  readonly machine: string;
  /** All machines of the rig, including this one. */
  readonly peers: readonly Peer[];
  /**
   * Key pair that lets the test user of each machine log in on all the others. It is created for
   * one baseline, and never leaves the rig.
   */
  readonly trust: KeyPair;
  readonly user: string;
  readonly timers: Recipe["timers"];
}

/** Folder for the marker and the nonce that prove a rollback. */
export const PROOF_FOLDER = "/var/lib/vmrig";
/**
 * Sets the clock without sudo, which costs a third of a second on an emulated machine. Only the
 * test user, who has sudo, may run it.
 */
export const STEP_CLOCK = "/usr/lib/vmrig/step-clock";

/**
 * Returns vmrig's own part of the preparation as a script for root: names, trust between the
 * machines, sshd's limits, the clock.
 */
export function guestSetupScript({ machine, peers, trust, user, timers }: GuestSetup): string {
  const hosts = [
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    ...peers.map((peer) => `${peer.lanAddress} ${peer.name}`),
  ];
  const knownHosts = peers.map((peer) => `${peer.name},${peer.lanAddress} ${peer.hostKey}`);
  const home = `/home/${user}`;
  return [
    `printf '%s\\n' ${quote(machine)} > /etc/hostname`,
    `hostname ${quote(machine)}`,
    placeFile({ path: "/etc/hosts", content: lines(hosts), mode: "0644", owner: "root:root" }),
    placeFile({
      path: "/etc/ssh/ssh_known_hosts",
      content: lines(knownHosts),
      mode: "0644",
      owner: "root:root",
    }),
    placeFile({
      path: `/etc/ssh/authorized_keys.d/${user}`,
      content: lines([`${trust.publicKey} rig`]),
      mode: "0644",
      owner: "root:root",
    }),
    `install -d -m 0700 -o ${user} -g ${user} ${home}/.ssh`,
    // The pristine machine has the key of the lease that created it, and no other key.
    `if [ -e ${home}/.ssh/authorized_keys ]; then sed -i '/ ${LEASE_KEY_COMMENT}$/!d' ${home}/.ssh/authorized_keys; fi`,
    // udev starts the guest agent when its device appears. A soft reboot keeps the device, and
    // would end the agent for good.
    `if [ -e /dev/virtio-ports/org.qemu.guest_agent.0 ]; then systemctl add-wants multi-user.target qemu-guest-agent.service; fi`,
    placeFile({
      path: `${home}/.ssh/id_ed25519`,
      content: trust.privateKey,
      mode: "0600",
      owner: `${user}:${user}`,
    }),
    placeFile({
      path: `${home}/.ssh/id_ed25519.pub`,
      content: lines([trust.publicKey]),
      mode: "0644",
      owner: `${user}:${user}`,
    }),
    placeFile({
      path: "/etc/ssh/sshd_config.d/20-vmrig.conf",
      content: sshdConfig(),
      mode: "0644",
      owner: "root:root",
    }),
    // Since OpenSSH 9.8 a refused key makes sshd reject the client's whole address for a while, and
    // all clients behind a NAT share one address.
    `if sshd -t -o PerSourcePenalties=no 2>/dev/null; then echo 'PerSourcePenalties no' >> /etc/ssh/sshd_config.d/20-vmrig.conf; fi`,
    `sshd -t`,
    `systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service`,
    `install -d -m 0755 ${STEP_CLOCK.slice(0, STEP_CLOCK.lastIndexOf("/"))}`,
    `install -m 4750 -o root -g ${user} "$(command -v date)" ${STEP_CLOCK}`,
    `install -d -m 0755 -o ${user} -g ${user} ${PROOF_FOLDER}`,
    ...(timers === "hold" ? [timerProgramsScript()] : []),
    growRootScript(),
  ].join("\n");
}

/**
 * Returns an sshd config with room for many commands at a time over one connection, and for many
 * connections.
 */
function sshdConfig(): string {
  return lines([
    "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u",
    "MaxSessions 200",
    "MaxStartups 200:30:400",
    "LoginGraceTime 60",
    "UseDNS no",
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
