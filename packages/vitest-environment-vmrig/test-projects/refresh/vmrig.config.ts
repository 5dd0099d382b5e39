import { defineRig } from "vmrig";
import { dial, generateKeyPair, type Admission, type Driver, type MachineRef } from "vmrig/driver";
import example from "../../../../examples/two-machines/vmrig.config.ts";

/**
 * Makes a new machine look like one of an old image, without a mirror on the network: installs an
 * old package whose configuration file is then changed, and serves newer packages from a folder.
 * The new package asks for a reboot, and its configuration file is another one.
 */
const AGE = `
mkdir -p /srv/mirror /tmp/build
cd /srv/mirror
build() {
  root=/tmp/build/$1
  rm -rf "$root"
  mkdir -p "$root/DEBIAN" "$root/etc"
  printf 'Package: %s\\nVersion: %s\\nArchitecture: %s\\nMaintainer: vmrig\\nDescription: for a test\\n' \\
    "$1" "$2" "$(dpkg --print-architecture)" > "$root/DEBIAN/control"
  if [ "$1" = greeter ]; then
    echo "of version $2" > "$root/etc/greeter.conf"
    echo /etc/greeter.conf > "$root/DEBIAN/conffiles"
    printf '#!/bin/sh\\n[ -z "$2" ] || touch /run/reboot-required\\n' > "$root/DEBIAN/postinst"
    chmod 755 "$root/DEBIAN/postinst"
  fi
  dpkg-deb --root-owner-group --build "$root" "$1.deb" >/dev/null
}
build greeter 1
dpkg -i greeter.deb >/dev/null
echo 'changed on the machine' >> /etc/greeter.conf
build greeter 2
build "$(dpkg-query -W -f '\${Package}\\n' 'linux-image-cloud-*' | head -n 1)" 999
for deb in *.deb; do
  dpkg-deb -f "$deb"
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum < "$deb" | cut -d ' ' -f 1)"
done > Packages
rm -rf /tmp/build /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:///srv/mirror ./' > /etc/apt/sources.list
sync
`;

const { driver } = example;

/** Runs a script as root in a machine that is running, with a new key. */
async function runAsRoot(ref: MachineRef, privateKey: string, script: string): Promise<void> {
  const { machines } = await driver.inspect(ref.copy);
  const machine = machines.find(({ name }) => name === ref.name);
  if (machine?.address === undefined || machine.hostKey === undefined)
    throw new Error(`${ref.name} is not running`);
  const target = { ...machine.address, user: "vmrig", hostKey: machine.hostKey, privateKey };
  await using connection = await dial(target, { name: ref.name, timeoutMs: 120_000 });
  const { exitCode, stderr } = await connection.exec("sudo -n sh -eu -s", { input: script });
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr.toString()}`);
}

/** Lets a step authorise another key, then runs a script with it, and authorises the lease's key. */
async function withScript(
  ref: MachineRef,
  admission: Admission,
  { script, step }: { readonly script: string; readonly step: (by: Admission) => Promise<void> },
): Promise<void> {
  const key = generateKeyPair();
  await step({ ...admission, authorize: key.publicKey });
  await runAsRoot(ref, key.privateKey, script);
  await driver.admit?.(ref, admission);
}

const aged: Driver = {
  ...driver,
  boot: (ref, admission) =>
    withScript(ref, admission, { script: AGE, step: (by) => driver.boot(ref, by) }),
  restore: (ref, snapshot, admission) =>
    process.env["TEST_MIRROR"] === "gone" && snapshot.startsWith("pristine")
      ? withScript(ref, admission, {
          script: "mv /srv/mirror /srv/gone",
          step: (by) => driver.restore(ref, snapshot, by),
        })
      : driver.restore(ref, snapshot, admission),
};

export default defineRig({
  name: "aged",
  driver: aged,
  machines: { pc1: {} },
  lease: { ttl: "5s" },
});
