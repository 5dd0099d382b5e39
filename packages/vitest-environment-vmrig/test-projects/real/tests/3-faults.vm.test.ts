import { expect, test } from "vitest-environment-vmrig";

test(
  "a command after a reboot runs on the new boot, and the console shows the reboot",
  { timeout: 300_000 },
  async ({ pc1 }) => {
    const boot = async (): Promise<string> =>
      (await pc1.$`cat /proc/sys/kernel/random/boot_id`).stdout;
    const before = await boot();
    const endless = pc1.$`sleep 600`.catch((error: unknown) => error);
    const back = await pc1.reverse(9, 8025); // no server listens here, but the machine must
    await pc1.reboot();
    await pc1.waitForPort(8025);
    expect(back.refused).toBeUndefined();
    expect(await endless).toMatchObject({ code: "CONNECTION_LOST" });
    expect(await boot()).not.toBe(before);
    await pc1.root.$`echo here is a mark > /dev/console`;
    expect(await pc1.waitForConsole("here is a mark")).toBe("here is a mark");
  },
);

test(
  "a crashed machine loses unwritten data, and stays off until it is started",
  { timeout: 300_000 },
  async ({ pc1, pc2 }) => {
    await pc1.$`echo written > written; sync; echo lost > lost`;
    await pc1.crash();
    await expect(pc1.$`true`).rejects.toMatchObject({ code: "MACHINE_OFF" });
    expect((await pc2.root.$({ reject: false })`ping -c 1 -W 2 ${pc1.address}`).failed).toBe(true);
    await pc1.powerOn();
    expect((await pc1.$`cat written; [ -s lost ] || echo lost`).stdout).toBe("written\nlost");
  },
);

test(
  "a machine that crashes or reboots by itself is under control again, and keeps a test's own keys",
  { timeout: 600_000 },
  async ({ pc1 }) => {
    // As the first command: the lease's key was written a moment ago.
    await expect(pc1.root.$`echo c > /proc/sysrq-trigger`).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    await pc1.$`cat ~/.ssh/id_ed25519.pub >> ~/.ssh/authorized_keys`;
    await pc1.root.$`systemctl soft-reboot`;
    await pc1.waitUntilSucceeds({ timeout: "3m" })`systemctl is-active qemu-guest-agent`;
    await pc1.root.$`systemctl stop qemu-guest-agent`;
    await pc1.reboot();
    const before = (await pc1.$`cat /proc/sys/kernel/random/boot_id`).stdout;
    await pc1.root.$`systemctl reboot`;
    await pc1.waitUntilSucceeds({
      timeout: "5m",
    })`! grep -q ${before} /proc/sys/kernel/random/boot_id`;
    expect((await pc1.$`ssh pc1 hostname`).stdout).toBe("pc1");
    const { stdout } = await pc1.$`cat ~/.ssh/authorized_keys ~/.ssh/id_ed25519.pub; whoami`;
    const [lease, own, key, user] = stdout.split("\n");
    expect([lease, own, user]).toEqual([expect.stringMatching(/ vmrig-lease$/), key, "vmrig"]);
    await pc1.$`rm ~/.ssh/authorized_keys; pkill -KILL sshd-session`.catch(() => {});
    expect((await pc1.$`whoami`).stdout).toBe("vmrig");
  },
);

test(
  "a restore fires no timer, unless the recipe says so; a clock that a test sets does",
  { timeout: 300_000 },
  async ({ pc1, pc2, rig }) => {
    for (const machine of [pc1, pc2]) {
      const units = machine.root.file("/etc/systemd/system/nightly.timer");
      await units.write("[Timer]\nOnCalendar=daily\nAccuracySec=1us\nPersistent=true\n");
      await machine.root
        .file("/etc/systemd/system/nightly.service")
        .write("[Service]\nType=oneshot\nExecStart=/bin/touch /fired\n");
      await machine.skewClock("-2d");
      await machine.root.$`systemctl daemon-reload; systemctl start nightly.timer`;
    }
    await pc2.root.$`rm /usr/lib/vmrig/hold-timers`; // as `timers: "run"`
    await rig.restore(await rig.checkpoint("two days ago"));
    await pc2.waitForFile("/fired");
    expect(await pc1.file("/fired").exists()).toBe(false);
    expect((await pc1.$`systemctl is-active nightly.timer`).stdout).toBe("active");
    await pc1.skewClock("1d");
    await pc1.waitForFile("/fired");
  },
);

test(
  "disconnected, blocked and slow links work, and end",
  { timeout: 300_000 },
  async ({ pc1, pc2 }) => {
    // From its own address: a machine without that network would send the request through its
    // default gateway.
    const seen = async (): Promise<boolean> =>
      !(await pc1.root.$({ reject: false })`ping -I ${pc1.address} -c 1 -W 3 ${pc2.address}`)
        .failed;
    const seenBack = async (): Promise<boolean> =>
      !(await pc2.root.$({ reject: false })`ping -I ${pc2.address} -c 1 -W 3 ${pc1.address}`)
        .failed;
    expect(await seen()).toBe(true);
    await pc1.disconnect();
    expect([await seen(), await seenBack()]).toEqual([false, false]);
    await pc1.connect();
    await expect.poll(seen, { timeout: 30_000 }).toBe(true);

    await pc1.block(pc2);
    await pc1.block(pc2);
    expect([await seen(), await seenBack()]).toEqual([false, false]);
    await pc2.unblock(pc1);
    await expect.poll(seen, { timeout: 30_000 }).toBe(true);

    await pc1.slow({ latency: "1s" });
    const { stdout } = await pc1.root.$`ping -c 3 -i 2 ${pc2.address}`;
    expect(Number(/= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1])).toBeGreaterThan(900);
    await pc1.slow({ loss: "100%" });
    expect(await seen()).toBe(false);
    await pc1.slow({});
    await expect.poll(seen, { timeout: 30_000 }).toBe(true);
  },
);

test(
  "a rig's checkpoint restores all machines with their processes, and a machine's checkpoint restores that machine",
  { timeout: 300_000 },
  async ({ pc1, pc2, rig }) => {
    await pc1.$`echo one > state; sleep 7654 </dev/null >/dev/null 2>&1 & echo $! > pid`;
    const both = await rig.checkpoint("started");
    await pc1.$`kill $(cat pid); echo two > state`;
    await pc2.$`echo two > state`;
    const own = await pc2.checkpoint("second");
    await rig.restore(both);
    expect((await pc1.$`cat state; ps -o args= -p $(cat pid)`).stdout).toBe("one\nsleep 7654");
    expect((await pc2.$({ reject: false })`cat state`).failed).toBe(true);
    expect(Math.abs(Number((await pc1.$`date +%s`).stdout) - Date.now() / 1000)).toBeLessThan(60);
    await pc2.restore(own);
    expect((await pc2.$`cat state`).stdout).toBe("two");
    expect((await pc1.$`ssh pc2 cat state`).stdout).toBe("two");
    await pc1.powerOff();
    await rig.restore(both);
    expect((await pc1.$`cat state`).stdout).toBe("one");
  },
);

// The last one, because the disk stays full until the next file's rollback.
test(
  "a clock can be skewed and reset, and a disk filled up to a given rest",
  { timeout: 300_000 },
  async ({ pc1 }) => {
    const ahead = async (): Promise<number> =>
      Number((await pc1.$`date +%s`).stdout) - Date.now() / 1000;
    await pc1.skewClock("-90m");
    await pc1.skewClock("-90m");
    expect(await ahead()).toBeLessThan(-5_300);
    expect(await ahead()).toBeGreaterThan(-5_500);
    await pc1.skewClock(0);
    expect(Math.abs(await ahead())).toBeLessThan(60);
    await pc1.fillDisk();
    const { failed, stderr } = await pc1.root.$({
      reject: false,
    })`dd if=/dev/urandom of=/root/big bs=1M count=64 conv=fsync`;
    expect([failed, stderr]).toEqual([true, expect.stringContaining("No space left on device")]);
  },
);
