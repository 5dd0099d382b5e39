import { afterAll, beforeAll, expect, test } from "vitest";
import { generateKeyPair } from "vmrig/driver";
import { restore, type Restored } from "./restore.ts";
import { cutEverywhere, withoutLeaving } from "./cut-everywhere.test.kit.ts";
import { authorize, capture, drop, list, type Change } from "./snapshots.ts";
import { enterNextHostKey, makeNextHostKey } from "./host-key.ts";
import { setGuestLink } from "./link.ts";
import { bootTestMachine, type TestMachine } from "./test-machine.test.kit.ts";

const KEY = generateKeyPair().publicKey;
const BOOT = "cat /proc/sys/kernel/random/boot_id";
let machine: TestMachine;

beforeAll(async () => {
  machine = await bootTestMachine();
  await machine.bash(
    "mkdir -m 700 /home/vmrig/.ssh; echo 'ssh-ed25519 AAAA of-the-recipe' > /home/vmrig/.ssh/authorized_keys",
  );
  await authorize(change(), generateKeyPair().publicKey);
  await capture(change(), "base");
}, 300_000);
afterAll(() => machine?.[Symbol.asyncDispose]());

function change(fence = 5): Change {
  const signal = AbortSignal.timeout(280_000);
  return { copy: "pcs-1", machine: "pc1", shell: machine.shell, signal, fence };
}

async function restoreTo(snapshot = "base", fence = 5): Promise<Restored> {
  return await restore({
    ...change(fence),
    snapshot,
    authorize: KEY,
    reconnect: machine.reconnect,
    enterMs: 200_000,
  });
}

test("an untouched machine is restored twice under the same kernel", async () => {
  const boot = await machine.bash(BOOT);
  await machine.bash("touch /root/dirty /home/vmrig/dirty");
  for (const _ of [1, 2]) expect(await restoreTo()).toMatchObject({ because: [] });
  expect(await machine.bash(BOOT)).toBe(boot);
  expect(await machine.bash("ls /root /home/vmrig; systemctl --failed --quiet")).not.toMatch(
    /dirty|failed/,
  );
});

test("the new home has the key of the lease, and of the others those that are no lease's", async () => {
  const keys = await machine.bash("cat /home/vmrig/.ssh/authorized_keys");
  expect(keys).toBe(`ssh-ed25519 AAAA of-the-recipe\n${KEY} vmrig-lease\n`);
  expect(await machine.bash("stat -c '%U %a' /home/vmrig/.ssh/authorized_keys")).toMatch(
    /^(root|vmrig) /,
  );
});

test("a soft reboot leaves nothing of what a test did to the kernel", async () => {
  const boot = await machine.bash(BOOT);
  await machine.bash(LITTER);
  expect(await restoreTo()).toMatchObject({ because: [] });
  expect(await machine.bash(BOOT)).toBe(boot);
  expect(await machine.bash(FIND_LITTER)).toBe("");
});

const LITTER = `
modprobe dummy; ip link add dummy7 type dummy; ip addr add 10.9.9.9/24 dev dummy7; ip link set dummy7 up
ip link add br7 type bridge; ip link add veth7 type veth peer name veth8; ip link add wg7 type wireguard
ip addr add 10.1.1.7/32 dev lo; ip route add blackhole 10.97.0.0/16; ip rule add from 10.1.1.1 lookup 77
nft add table ip t7; nft 'add chain ip t7 c7 { type filter hook input priority 0; policy accept; }'; nft add rule ip t7 c7 tcp dport 7 drop
ip netns add ns7; ip link set br7 up; tc qdisc add dev br7 root pfifo
sysctl -qw vm.swappiness=7 net.ipv4.ip_forward=1; hostname other7
mkdir -p /run/m7 /dev/m8; mount -t tmpfs none /run/m7; mount -t tmpfs none /dev/m8; mount -t tmpfs none /mnt
truncate -s 10M /root/img; modprobe loop; losetup -f /root/img
echo x > /run/file7; echo x > /dev/shm/seven; echo x > /dev/file7; mkdir /sys/fs/cgroup/cg7
ipcmk -M 1000 > /dev/null; ipcmk -Q > /dev/null; ipcmk -S 1 > /dev/null
mkdir -p /run/systemd/system/multi-user.target.wants
printf '[Service]\\nExecStart=/bin/sleep 9999\\n' > /run/systemd/system/left7.service
ln -s ../left7.service /run/systemd/system/multi-user.target.wants/
systemd-run -q --unit surv7 -p SurviveFinalKillSignal=yes -p DefaultDependencies=no sleep 9999
setsid bash -c 'exec -a @survivor sleep 9998' < /dev/null > /dev/null 2>&1 &
setsid bash -c 'trap "" TERM HUP; while true; do sleep 9997; done' < /dev/null > /dev/null 2>&1 &
`;

const FIND_LITTER = `exec 2>&1
ip -o link | grep -E 'dummy7|br7|veth|wg7'; ip addr | grep -E '10[.]1[.]1[.]7'; ip route | grep 10.97; ip rule | grep 77
lsmod | grep -E '^(dummy|bridge|wireguard|veth|loop|nf_tables) '; ip netns; sysctl vm.swappiness net.ipv4.ip_forward | grep -E '= (7|1)$'
grep -E '/(m7|m8|mnt) ' /proc/self/mountinfo; losetup -l; ls /run /dev /dev/shm /sys/fs/cgroup /run/systemd/system | grep -E '7$|seven|left7' | grep -v tty
ipcs | grep 0x; hostname | grep 7; pgrep -fa 'sleep 999|@surv'; true`;

test("what no program can set back takes a full reboot, with the reason, and only once", async () => {
  const boot = await machine.bash(BOOT);
  await machine.bash("sysctl -qw kernel.modules_disabled=1; touch /root/dirty");
  const { because } = await restoreTo();
  expect(because).toEqual(["sysctl kernel.modules_disabled is 1 and cannot be set to 0"]);
  const next = await machine.bash(BOOT);
  expect(next).not.toBe(boot);
  expect(await restoreTo()).toMatchObject({ because: [] });
  expect(await machine.bash(`ls /root; ${BOOT}`)).toBe(next);
});

test("a rollback that is killed at any step leaves both roots, and the next one completes", async () => {
  const { script, args } = await recordBegin();
  const broken = await machine.bash(cutEverywhere(script, args));
  expect(broken).toMatch(/^completed after [1-9]\d+ steps\n$/);
  await machine.bash("touch /root/dirty");
  expect(await restoreTo()).toMatchObject({ because: [] });
  expect(await machine.bash("ls /root")).toBe("");
});

/** Returns the script that begins a rollback, without running it. */
async function recordBegin(): Promise<{ script: string; args: readonly string[] }> {
  const recorded = Promise.withResolvers<{ script: string; args: readonly string[] }>();
  const shell = {
    run: async (script: string, { args = [] }: { args?: readonly string[] }) => {
      recorded.resolve({ script, args });
      return { code: 1, stdout: "", stderr: "" };
    },
  };
  const { reconnect } = machine;
  const restoring = { ...change(), shell, snapshot: "base", authorize: KEY, reconnect, enterMs: 1 };
  await restore(restoring).catch(() => {}); // code 1
  return await recorded.promise;
}

test("a power cut between the exchange and the reboot boots the new root", async () => {
  const { script, args } = await recordBegin();
  const words = args.map((arg) => `'${arg}'`).join(" ");
  await machine.bash(`touch /root/dirty
bash -s -- ${words} <<'WHOLE'
${withoutLeaving(script)}
WHOLE`);
  await machine.cutPower();
  expect(await machine.bash("ls /root")).toBe("");
  expect(await restoreTo()).toMatchObject({ because: [] });
  expect(await machine.bash("ls /.snapshots/.vmrig/old | wc -l")).toBe("3\n");
});

test("a smaller fence changes nothing, and a damaged fence refuses every one", async () => {
  await expect(capture(change(4), "late")).rejects.toMatchObject({ code: "FENCED" });
  await expect(restoreTo("base", 4)).rejects.toMatchObject({ code: "FENCED" });
  await expect(drop(change(4), "base")).rejects.toMatchObject({ code: "FENCED" });
  await expect(makeNextHostKey(change(4))).rejects.toMatchObject({ code: "FENCED" });
  await expect(enterNextHostKey(change(4), KEY)).rejects.toMatchObject({ code: "FENCED" });
  const mac = await machine.bash("cat /sys/class/net/en*/address");
  const down = setGuestLink(change(4), { mac: mac.trim(), to: "down" });
  await expect(down).rejects.toMatchObject({ code: "FENCED" });
  expect(await machine.bash("ls /etc/ssh/vmrig_next* 2> /dev/null; true")).toBe("");
  expect(await list(change())).toEqual(["base"]);
  await machine.bash("cp /.snapshots/.vmrig/fence /run/fence; echo 6x > /.snapshots/.vmrig/fence");
  await expect(capture(change(9), "late")).rejects.toThrow(/largest fence .* cannot be read/);
  await machine.bash("mv /run/fence /.snapshots/.vmrig/fence");
});

test("a snapshot that something in the machine changed is refused, with what happened to it", async () => {
  await capture(change(), "checkpoint");
  await machine.bash("btrfs property set -f /.snapshots/checkpoint/root ro false");
  await expect(restoreTo("checkpoint")).rejects.toThrow(/root was made writable/);
  await machine.bash(`cd /.snapshots/checkpoint; btrfs -q subvolume delete root
btrfs -q subvolume snapshot -r / root`);
  await expect(restoreTo("checkpoint")).rejects.toThrow(/root was replaced by another subvolume/);
  await machine.bash("btrfs -q subvolume delete /.snapshots/checkpoint/home");
  await expect(restoreTo("checkpoint")).rejects.toThrow(/home was deleted|root was replaced/);
  await drop(change(), "checkpoint");
  await drop(change(), "checkpoint");
  await expect(restoreTo("checkpoint")).rejects.toThrow(/no such snapshot/);
  expect(await list(change())).toEqual(["base"]);
});

test("a full disk is restored under a new lease, and is not full any more", async () => {
  await machine.bash(
    "free=$(df -B1 --output=avail / | tail -n 1); fallocate -l $(( free * 9 / 10 )) /root/big; dd if=/dev/zero of=/root/rest bs=4M 2> /dev/null; dd if=/dev/zero of=/home/vmrig/more bs=4k 2> /dev/null; true",
  );
  const mac = await machine.bash("cat /sys/class/net/en*/address");
  await setGuestLink(change(6), { mac: mac.trim(), to: "up", restoring: true });
  expect(await restoreTo("base", 6)).toMatchObject({ because: [] });
  expect(Number(await machine.bash("df --output=pcent / | tail -1 | tr -dc 0-9"))).toBeLessThan(50);
});
