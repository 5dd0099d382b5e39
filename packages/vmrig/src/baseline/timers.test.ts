import { chmod, mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { HOLD_TIMERS, RELEASE_TIMERS, timerProgramsScript } from "./timers.ts";
import { runShell } from "./shell.test.kit.ts";

/** A unit as `systemctl show` prints it. */
function unit(id: string, properties: readonly string[]): string {
  return [`Id=${id}`, ...properties].join("\n");
}

const ACTIVE = "ActiveState=active";
const CALENDAR = "TimersCalendar={ OnCalendar=*-*-* 00:00:00 ; next_elapse=n/a }";
const BOOT = "TimersMonotonic={ OnBootUSec=15min ; next_elapse=15min }";
const UNITS = [
  unit("daily.timer", ["OnClockChange=no", CALENDAR, ACTIVE, "Transient=no"]),
  unit("clock.timer", ["OnClockChange=yes", ACTIVE]),
  unit("both.timer", [BOOT, CALENDAR, ACTIVE]),
  unit("boot.timer", [BOOT, ACTIVE]),
  unit("off.timer", [CALENDAR, "ActiveState=inactive"]),
  unit("transient.timer", [CALENDAR, ACTIVE, "Transient=yes"]),
  unit("cron.service", [ACTIVE]),
  unit("crond.service", ["ActiveState=inactive"]),
];

interface Guest {
  readonly root: string;
  run(program: string): Promise<void>;
  /** Returns what systemctl was called for, apart from `show`. */
  calls(): Promise<string[]>;
}

let guest: Guest;

/** Installs the programs in a folder that stands for a machine, with a `systemctl` that logs. */
beforeEach(async () => {
  const root = await tempFolder();
  const inRoot = (text: string): string =>
    text.replaceAll(/(?<![\w/])\/(usr\/lib\/vmrig|run|var\/lib)\//g, `${root}/$1/`);
  const bin = join(root, "bin");
  for (const folder of ["bin", "run/user", "usr/lib/vmrig", "var/lib/systemd/timers"])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "units"), `${UNITS.join("\n\n")}\n`);
  await writeFile(join(root, "log"), "");
  await writeFile(
    join(bin, "systemctl"),
    `#!/bin/sh\nif [ "$1" = show ]; then cat ${root}/units; else echo "$*" >> ${root}/log; fi\n`,
  );
  await writeFile(join(bin, "chown"), "#!/bin/sh\n");
  for (const name of ["systemctl", "chown"]) await chmod(join(bin, name), 0o755);
  const path = `${bin}:${process.env["PATH"]}`;
  const run = async (command: string): Promise<void> => {
    const { exitCode, stderr } = await runShell(["sh", "-euc", command], { cwd: root, path });
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  };
  await run(inRoot(timerProgramsScript()));
  for (const program of [HOLD_TIMERS, RELEASE_TIMERS]) {
    const file = join(root, program);
    await writeFile(file, inRoot(await readFile(file, "utf8")));
  }
  guest = {
    root,
    run: (program) => run(join(root, program)),
    calls: async () => (await readFile(join(root, "log"), "utf8")).trimEnd().split("\n"),
  };
});

test("stops timers of the calendar and the clock, and cron", async () => {
  await guest.run(HOLD_TIMERS);
  expect(await guest.calls()).toEqual(["stop daily.timer clock.timer both.timer cron.service"]);
});

test("starts them again, except for a timer that would fire because the machine has booted before", async () => {
  await guest.run(HOLD_TIMERS);
  await guest.run(RELEASE_TIMERS);
  expect((await guest.calls()).slice(1)).toEqual(["start daily.timer clock.timer cron.service"]);
  await guest.run(RELEASE_TIMERS);
  expect(await guest.calls()).toHaveLength(2);
});

test("a held timer does not catch up on the time before the release", async () => {
  const stamp = join(guest.root, "var/lib/systemd/timers/stamp-daily.timer");
  await writeFile(stamp, "");
  await utimes(stamp, 0, 0);
  await guest.run(HOLD_TIMERS);
  expect((await stat(stamp)).mtimeMs).toBe(0);
  await guest.run(RELEASE_TIMERS);
  expect((await stat(stamp)).mtimeMs).toBeGreaterThan(0);
  await expect(stat(stamp.replace("daily", "clock"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("units that start between two holds are added", async () => {
  await guest.run(HOLD_TIMERS);
  await writeFile(join(guest.root, "units"), unit("late.timer", [CALENDAR, ACTIVE]));
  await guest.run(HOLD_TIMERS);
  await guest.run(RELEASE_TIMERS);
  expect((await guest.calls()).at(-1)).toBe(
    "start daily.timer clock.timer cron.service late.timer",
  );
});

test("a machine without such units is left alone", async () => {
  await writeFile(join(guest.root, "units"), unit("boot.timer", [BOOT, ACTIVE]));
  await guest.run(HOLD_TIMERS);
  await guest.run(RELEASE_TIMERS);
  expect(await guest.calls()).toEqual([""]);
});
