import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hardwareAddress, qemuArguments } from "./command-line.ts";
import { platformOf } from "./platform.ts";
import { defineMachine } from "../machine.test.kit.ts";
import { resolveMachine, type MachineContext } from "../machine-context.ts";
import type { MachineDefinition } from "../machine-files.ts";
import type { QemuBinary } from "./qemu-binary.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

const qemu: QemuBinary = { path: "/usr/bin/qemu", machineType: "q35", version: "7.2.22" };

async function machineIn(
  root: string,
  changes: Partial<MachineDefinition> = {},
): Promise<MachineContext> {
  return await resolveMachine(await defineMachine(root, changes));
}

/** Returns options with their values, one per line. */
function lines(args: readonly string[], root: string): string {
  const text = args
    .map((arg, index) => (arg.startsWith("-") ? `${index === 0 ? "" : "\n"}${arg}` : ` ${arg}`))
    .join("");
  return text
    .replaceAll(root, "ROOT")
    .replace(/console=tty\w+/, "console=TTY")
    .replace(" tsc=unstable", "");
}

// Every RAM snapshot contains these devices: with another device, order or id, no snapshot loads.
// After a change, raise "devices 2" in `platformOf`.
test("equal definitions give equal devices in equal order", async () => {
  const root = await tempFolder();
  const machine = await machineIn(root);
  expect(lines(qemuArguments({ machine, qemu }), root)).toMatchInlineSnapshot(`
    "-name guest=pcs-1/pc1
    -machine q35
    -accel tcg,thread=multi
    -cpu max
    -smp 2
    -m 512
    -nodefaults
    -no-user-config
    -display none
    -chardev file,id=console,append=on,path=ROOT/copy/machines/pc1/console.log
    -serial chardev:console
    -kernel ROOT/image/kernel
    -initrd ROOT/image/initrd
    -append root=LABEL=root rw console=TTY quiet panic=-1 systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300
    -blockdev {"driver":"qcow2","node-name":"disk","discard":"unmap","file":{"driver":"file","filename":"ROOT/copy/machines/pc1/disk.qcow2"}}
    -device virtio-blk-pci,drive=disk
    -netdev user,id=nat,hostfwd=tcp:127.0.0.1:0-:22
    -device virtio-net-pci,netdev=nat,mac=52:54:00:76:00:10,romfile=
    -netdev vde,id=lan,sock=ROOT/run/lan
    -device virtio-net-pci,netdev=lan,mac=52:54:00:76:01:10,romfile=
    -device virtio-serial-pci
    -chardev socket,id=agent,server=on,wait=off,path=ROOT/run/pc1.agent
    -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
    -device virtio-rng-pci
    -device vmgenid
    -smbios type=11,path=ROOT/copy/machines/pc1/credentials/system.hostname
    -smbios type=11,path=ROOT/copy/machines/pc1/credentials/tmpfiles.extra
    -qmp unix:ROOT/run/pc1.qmp,server=on,wait=off
    -pidfile ROOT/copy/machines/pc1/qemu.pid
    -daemonize"
  `);
  expect(platformOf(qemu, "tcg")).toBe("qemu 7.2.22, q35, tcg, cpu max, devices 2");
});

test("a start from a snapshot adds only the snapshot", async () => {
  const machine = await machineIn(await tempFolder());
  expect(qemuArguments({ machine, qemu, from: "baseline-1" })).toEqual([
    ...qemuArguments({ machine, qemu }),
    "-loadvm",
    "baseline-1",
  ]);
});

test("hardware virtualisation changes only the accelerator, the processor and the kernel's command line", async () => {
  const root = await tempFolder();
  const emulated = qemuArguments({ machine: await machineIn(root), qemu });
  const virtualised = await machineIn(root, { accelerator: "kvm" });
  const changed = qemuArguments({ machine: virtualised, qemu }).filter(
    (arg, index) => arg !== emulated[index],
  );
  expect(changed).toEqual(["kvm", "host", expect.stringMatching(/ quiet panic=-1$/)]);
});

test("commas in paths are doubled only where QEMU would end a value at a comma", async () => {
  const root = join(await tempFolder(), "a,b");
  await mkdir(root);
  const args = qemuArguments({ machine: await machineIn(root), qemu });
  const doubled = root.replaceAll(",", ",,");
  const path = (option: string): string[] => args.filter((_, index) => args[index - 1] === option);
  expect(path("-chardev")).toEqual([
    `file,id=console,append=on,path=${doubled}/copy/machines/pc1/console.log`,
    `socket,id=agent,server=on,wait=off,path=${doubled}/run/pc1.agent`,
  ]);
  expect(path("-netdev")).toContain(`vde,id=lan,sock=${doubled}/run/lan`);
  expect(path("-qmp")).toEqual([`unix:${doubled}/run/pc1.qmp,server=on,wait=off`]);
  expect(path("-smbios")[0]).toBe(
    `type=11,path=${doubled}/copy/machines/pc1/credentials/system.hostname`,
  );
  expect(path("-kernel")).toEqual([`${root}/image/kernel`]);
  expect(path("-pidfile")).toEqual([`${root}/copy/machines/pc1/qemu.pid`]);
  expect(JSON.parse(path("-blockdev")[0] ?? "")).toMatchObject({
    file: { filename: `${root}/copy/machines/pc1/disk.qcow2` },
  });
});

test("each machine of a rig has its own stable hardware addresses", () => {
  const all = Array.from({ length: 32 }, (_, index) => [
    hardwareAddress(index, "nat"),
    hardwareAddress(index, "lan"),
  ]).flat();
  expect(new Set(all).size).toBe(64);
  // The second bit of the first byte: administered locally; the first: for one receiver.
  for (const address of all) expect(address).toMatch(/^52:54:00:76:0[01]:[0-9a-f]{2}$/);
  expect(all.slice(0, 2)).toEqual(["52:54:00:76:00:10", "52:54:00:76:01:10"]);
});
