import assert from "node:assert/strict";
import type { SshConnection } from "../../ssh/connection.ts";
import type { Driver } from "../driver.ts";
import { restoredLine } from "../restored-line.ts";
import type { ContractCase } from "./harness.ts";
import { ask, HOME_BASE, rejectsWith, run, type TestMachines } from "./test-machines.ts";
import { unchangedBy } from "./control.ts";

/** How long a session that should be dead gets to show that it lives. */
const DEAD_MS = 5_000;

function marking(stage: TestMachines, console: NonNullable<Driver["console"]>): ContractCase {
  const { subject } = stage;
  const read = async (): Promise<string> => {
    let all = "";
    for await (const text of console(stage.ref(subject))) all += text;
    return all;
  };
  return {
    title: "a restore is said on the console, behind what was printed before it",
    async run() {
      const before = await read();
      await stage.rewind(subject);
      const after = (await read()).slice(before.length);
      assert(
        after.includes(`\n${restoredLine(subject, HOME_BASE)}\n`) ||
          after.startsWith(`${restoredLine(subject, HOME_BASE)}\n`),
        after,
      );
    },
  };
}

/** What a snapshot keeps, and what a restore takes back. */
export function snapshotCases(stage: TestMachines): ContractCase[] {
  const { driver } = stage;
  const kept = driver.rollback === "memory";
  let before: Sleeper | undefined;

  return [
    {
      title: "a capture is listed; one of the same name replaces it",
      async run() {
        for (const name of stage.names) await ask(stage, name, "echo early > kept");
        await Promise.all(
          stage.names.map((name) => driver.capture(stage.ref(name), HOME_BASE, stage.authority())),
        );
        await using connection = await stage.login(stage.subject);
        before = await startSleeper(connection);
        for (const name of stage.names) await ask(stage, name, "echo kept > kept; sync");
        await Promise.all(
          stage.names.map((name) => driver.capture(stage.ref(name), HOME_BASE, stage.authority())),
        );
        for (const name of stage.names)
          assert.deepEqual((await stage.status(name)).snapshots, [HOME_BASE]);
        assert.equal(await run(connection, "cat kept"), "kept", "a capture ended a session");
      },
    },
    {
      title: `a restore takes back files and processes${kept ? ", and keeps the processes of the snapshot" : ""}`,
      async run() {
        const dirty = await stage.login(stage.subject);
        await run(dirty, "echo changed > kept; echo new > later; mkdir -p deep/er");
        const after = await startSleeper(dirty);
        await stage.rewind(stage.subject);
        await dirty.close();

        await using connection = await stage.login(stage.subject);
        assert.equal(await run(connection, "cat kept"), "kept");
        assert.equal(
          await run(connection, "ls -d later deep 2>/dev/null || true"),
          "",
          "what was made after the capture is still there",
        );
        assert.equal(
          await isAlive(connection, after),
          false,
          "a process that was started after the capture still runs",
        );
        assert(before !== undefined, "the case before this one did not start a process");
        assert.equal(
          await isAlive(connection, before),
          kept,
          `a process of the snapshot ${kept ? "is gone" : "still runs"}`,
        );
      },
    },
    {
      title: "a restore ends every session, lets in the new key and refuses the last one",
      async run() {
        await stage.rewind(stage.subject);
        await using session = await stage.login(stage.subject);
        const pending = session.exec("sleep 3600").then(
          ({ exitCode }) => exitCode,
          () => undefined,
        );
        const last = await stage.rewind(stage.subject);

        assert.equal(await ask(stage, stage.subject, "echo in"), "in");
        await rejectsWith(
          "LOGIN_REFUSED",
          "the key of the last lease",
          stage.login(stage.subject, { key: last }),
        );
        assert(await isDead(session), "a session from before the restore still works");
        await session.close();
        assert.notEqual(await pending, 0);
      },
    },
    ...(driver.console === undefined ? [] : [marking(stage, driver.console)]),
    {
      title:
        "a restore to a snapshot that is not there is ROLLBACK_FAILED, names those that are, and changes nothing",
      async run() {
        await unchangedBy(stage, stage.subject, async () => {
          const error = await rejectsWith(
            "ROLLBACK_FAILED",
            "an unknown snapshot",
            driver.restore(stage.ref(stage.subject), "nowhere", stage.admission()),
          );
          assert.match(error.message, /nowhere/);
          assert.match(error.message, new RegExp(`\\b${HOME_BASE}\\b`));
        });
      },
    },
  ];
}

interface Sleeper {
  readonly pid: string;
  readonly seconds: number;
}

let lastSleep = 86_400;

/** Starts a process in the background, told from others by what it waits for. */
async function startSleeper(connection: SshConnection): Promise<Sleeper> {
  lastSleep += 1;
  const pid = await run(connection, `sleep ${lastSleep} </dev/null >/dev/null 2>&1 & echo $!`);
  return { pid, seconds: lastSleep };
}

/** By its command line, which a zombie does not have. */
async function isAlive(connection: SshConnection, { pid, seconds }: Sleeper): Promise<boolean> {
  return (await run(connection, `cat /proc/${pid}/cmdline 2>/dev/null || true`)).includes(
    String(seconds),
  );
}

async function isDead(session: SshConnection): Promise<boolean> {
  if (session.closed.aborted) return true;
  return await session.exec("echo alive", { timeoutMs: DEAD_MS }).then(
    ({ stdout }) => !stdout.toString("utf8").includes("alive"),
    () => true,
  );
}
