import assert from "node:assert/strict";
import type { SshConnection } from "../../ssh/ssh-connection.ts";
import type { Driver } from "../driver.ts";
import { restoredLine } from "../restored-line.ts";
import type { ContractCase } from "./harness.ts";
import { ask, CONTRACT_SNAPSHOT, rejectsWith, run, type TestMachines } from "./test-machines.ts";
import { unchangedBy } from "./control.ts";

/** Draws from getrandom(2), which has the generator of the UUIDs and of every other random number. */
const DRAW = "head -c 16 /dev/urandom | od -A n -t x1";

/** How long a session that should have ended may take to prove that it still works. */
const DEAD_MS = 5_000;

function marking(
  testMachines: TestMachines,
  console: NonNullable<Driver["console"]>,
): ContractCase {
  const { subject } = testMachines;
  const read = async (): Promise<string> => {
    let all = "";
    for await (const text of console(testMachines.ref(subject))) all += text;
    return all;
  };
  return {
    title: "a restore adds a line to the console, after the earlier output",
    async run() {
      const before = await read();
      await testMachines.restore(subject);
      const after = (await read()).slice(before.length);
      assert(
        after.includes(`\n${restoredLine(subject, CONTRACT_SNAPSHOT)}\n`) ||
          after.startsWith(`${restoredLine(subject, CONTRACT_SNAPSHOT)}\n`),
        after,
      );
    },
  };
}

/** Cases about the content of a snapshot and the effect of a restore. */
export function snapshotCases(testMachines: TestMachines): ContractCase[] {
  const { driver } = testMachines;
  const kept = driver.rollback === "memory";
  let before: Sleeper | undefined;

  return [
    {
      title: "a capture is listed; one of the same name replaces it",
      async run() {
        for (const name of testMachines.names) await ask(testMachines, name, "echo early > kept");
        await Promise.all(
          testMachines.names.map((name) =>
            driver.capture(testMachines.ref(name), CONTRACT_SNAPSHOT, testMachines.authority()),
          ),
        );
        await using connection = await testMachines.login(testMachines.subject);
        before = await startSleeper(connection);
        for (const name of testMachines.names)
          await ask(testMachines, name, "echo kept > kept; sync");
        await Promise.all(
          testMachines.names.map((name) =>
            driver.capture(testMachines.ref(name), CONTRACT_SNAPSHOT, testMachines.authority()),
          ),
        );
        for (const name of testMachines.names)
          assert.deepEqual((await testMachines.status(name)).snapshots, [CONTRACT_SNAPSHOT]);
        assert.equal(await run(connection, "cat kept"), "kept", "a capture ended a session");
      },
    },
    {
      title: `a restore reverts files and processes${kept ? ", and keeps the processes of the snapshot" : ""}`,
      async run() {
        const dirty = await testMachines.login(testMachines.subject);
        await run(dirty, "echo changed > kept; echo new > later; mkdir -p deep/er");
        const after = await startSleeper(dirty);
        await testMachines.restore(testMachines.subject);
        await dirty.close();

        await using connection = await testMachines.login(testMachines.subject);
        assert.equal(await run(connection, "cat kept"), "kept");
        assert.equal(
          await run(connection, "ls -d later deep 2>/dev/null || true"),
          "",
          "files that were created after the capture still exist",
        );
        assert.equal(
          await isAlive(connection, after),
          false,
          "a process that was started after the capture still runs",
        );
        assert(before !== undefined, "the previous case did not start a process");
        assert.equal(
          await isAlive(connection, before),
          kept,
          `a process of the snapshot ${kept ? "is gone" : "still runs"}`,
        );
      },
    },
    {
      title: "a restore ends every session, admits the new key and refuses the previous one",
      async run() {
        await testMachines.restore(testMachines.subject);
        await using session = await testMachines.login(testMachines.subject);
        const pending = session.exec("sleep 3600").then(
          ({ exitCode }) => exitCode,
          () => undefined,
        );
        const last = await testMachines.restore(testMachines.subject);

        assert.equal(await ask(testMachines, testMachines.subject, "echo in"), "in");
        await rejectsWith(
          "LOGIN_REFUSED",
          "the key of the previous lease",
          testMachines.login(testMachines.subject, { key: last }),
        );
        assert(await isDead(session), "a session from before the restore still works");
        await session.close();
        assert.notEqual(await pending, 0);
      },
    },
    {
      title: "random numbers never repeat after a restore",
      async run() {
        const drawn: string[] = [];
        for (let round = 0; round < 3; round++) {
          await testMachines.restore(testMachines.subject);
          drawn.push(await ask(testMachines, testMachines.subject, DRAW));
        }
        assert.equal(new Set(drawn).size, drawn.length, `drawn: ${drawn.join(", ")}`);
      },
    },
    ...(driver.console === undefined ? [] : [marking(testMachines, driver.console)]),
    {
      title:
        "a restore to an unknown snapshot is ROLLBACK_FAILED, names the known ones, and changes nothing",
      async run() {
        await unchangedBy(testMachines, testMachines.subject, async () => {
          const error = await rejectsWith(
            "ROLLBACK_FAILED",
            "an unknown snapshot",
            driver.restore(
              testMachines.ref(testMachines.subject),
              "nowhere",
              testMachines.admission(),
            ),
          );
          assert.match(error.message, /nowhere/);
          assert.match(error.message, new RegExp(`\\b${CONTRACT_SNAPSHOT}\\b`));
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

/** Starts a background process that can be recognised by the seconds that it sleeps. */
async function startSleeper(connection: SshConnection): Promise<Sleeper> {
  lastSleep += 1;
  const pid = await run(connection, `sleep ${lastSleep} </dev/null >/dev/null 2>&1 & echo $!`);
  return { pid, seconds: lastSleep };
}

/** Recognises the process by its command line, which a zombie does not have. */
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
