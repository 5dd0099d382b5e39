import { describe, expect, test } from "vitest";
import { quote } from "../../ssh/quote.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Shell } from "./shell.ts";
import { BASH, openShell, WAIT_20S } from "./shell.test.kit.ts";

let rig: TestMachine;
useMachine((made) => (rig = made));

describe("the end of a shell ends all processes at its terminal", () => {
  /**
   * Processes that resist their end: one in the foreground that ignores every signal it can, one in
   * the background, one without a terminal, one with a separate session.
   */
  const STUBBORN = (name: string): string =>
    [
      `(trap '' HUP INT TERM; echo $$ >${name}-front; sh -c 'trap "" HUP INT TERM; echo $$ >${name}-front; sleep 600')`,
      `sh -c 'trap "" HUP TERM; echo $$ >${name}-back; sleep 600' &`,
      `nohup sh -c 'echo $$ >${name}-far; sleep 600' >/dev/null 2>&1 &`,
      `setsid --wait sh -c 'trap "" HUP; echo $$ >${name}-apart; sleep 600' &`,
    ]
      .toReversed()
      .join("\n")
      .concat("\n");

  async function startStubborn(shell: Shell, name: string): Promise<string[]> {
    await shell.type(STUBBORN(name));
    return Promise.all(
      ["front", "back", "far", "apart"].map((part) => rig.written(`${name}-${part}`)),
    );
  }

  test.each([
    ["closed", () => rig.pc1],
    ["closed, another user's", () => rig.pc1.root],
  ])("%s", async (what, machine) => {
    const name = what.replace(/\W+/g, "-");
    const shell = await openShell(machine(), { ...BASH, cwd: rig.server.folder });
    const pids = await startStubborn(shell, name);
    await shell.close();
    await Promise.all(pids.map((pid) => rig.gone(pid)));
    expect(shell.exited).toBe(true);
    expect((await shell.screen()).text).toContain("nohup");
    expect((await shell.waitForExit()).exitCode).toBeUndefined();
  });

  test("also when the change of user creates a separate session, as sudo does with use_pty", async () => {
    const become = (_user: string, line: string): string => `setsid --wait sh -c ${quote(line)}`;
    await using mine = await startMachine({ become });
    const command = "trap '' HUP INT TERM; echo $$ >own; echo shown; sleep 600";
    const shell = await mine.pc1.root.shell({ command, cwd: mine.server.folder });
    await shell.waitForScreen("shown");
    const pid = await mine.written("own");
    await shell.close();
    await mine.gone(pid);
    expect((await shell.screen()).text).toBe("shown");
  });

  test("when the signal of the test that opened it aborts", async () => {
    const test = new AbortController();
    let scope: AbortSignal | undefined = test.signal;
    await using mine = await startMachine({ scope: () => scope });
    const shell = await mine.pc1.shell({ ...BASH, cwd: mine.server.folder });
    await shell.type("echo $$ >mine; sh -c 'trap \"\" TERM HUP; echo on the screen; sleep 600'\n");
    await shell.waitForScreen(/^on the screen$/m);
    const pid = await mine.written("mine");
    const waiting = shell.waitForScreen("never");
    test.abort(new Error("the test is over"));
    await expect(waiting).rejects.toThrow("the test is over");
    await expect(shell.press("Enter")).rejects.toMatchObject({ code: "SHELL_ENDED" });
    expect((await shell.screen()).text).toMatch(/^on the screen$/m);
    scope = undefined;
    await mine.gone(pid);
  });

  test("through the clean-up function of the test", async () => {
    const works: Array<() => Promise<void>> = [];
    await using mine = await startMachine({ onCleanup: (work) => works.push(work) });
    const shell = await mine.pc1.shell(BASH);
    for (const work of works) await work();
    expect(shell.exited).toBe(true);
  });

  test("and a wait fails when the machine is lost", async () => {
    await using mine = await startMachine();
    const shell = await mine.pc1.shell({ command: "echo ready; read -r x" });
    await shell.waitForScreen("ready");
    const rejection = expect(shell.waitForScreen("never", WAIT_20S)).rejects.toMatchObject({
      code: "CONNECTION_LOST",
    });
    await mine.server[Symbol.asyncDispose]();
    await rejection;
    await expect(shell.type("x")).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect((await shell.screen()).text).toContain("ready");
    await shell.close();
  });
});
