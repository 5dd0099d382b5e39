import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { waitFor } from "../../wait/wait-for.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";
import { CTRL_C, openTerminal, type Terminal } from "../terminal.test.kit.ts";

const start = ({ command, project: cwd, env }: TestCli, words: readonly string[]): Terminal =>
  openTerminal([...command, ...words], { cwd, env, columns: 80, rows: 24 });

/** Returns the folders that contain a key. */
const keys = async ({ folders }: TestCli): Promise<string[]> =>
  (await readdir(folders.runtime)).filter((name) => name.startsWith("ssh-"));

async function expectReleased(cli: TestCli): Promise<void> {
  expect(await keys(cli)).toEqual([]);
  await using next = await cli.hold("bob");
  expect(await next.waiting()).toBe(0);
}

describe("status --watch", () => {
  const [OWN_SCREEN, SCREEN_BEFORE, HOME] = ["\u001b[?1049h", "\u001b[?1049l", "\u001b[H"];

  test("uses the alternate screen, redraws it, follows a resize immediately, and leaves the last content", async ({
    cli,
  }) => {
    await using terminal = start(cli, ["status", "--watch"]);
    let seen = await terminal.shows(/queue {4}empty/);
    expect(terminal.output().startsWith(OWN_SCREEN)).toBe(true);
    seen = await terminal.shows(/rig {6}pcs: 1 copy[^]*queue {4}empty/, seen);

    await terminal.resize({ columns: 12, rows: 4 });
    // oxlint-disable-next-line no-control-regex -- terminal control sequences
    await terminal.shows(/rig {6}pcs\u001b\[K[^]*\u001b\[J/, seen);
    const frames = terminal.output().split(HOME);
    expect(frames.at(-1)).toMatch(/^.{11,15}\r\n.{12,15}\r\n.{0,3}\r\n… \d more lin.{6}$/);

    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    const [, after = ""] = terminal.output().split(SCREEN_BEFORE);
    expect(after).toMatch(/^rig {6}pcs: 1 copy[^]*\r\nqueue {4}empty\r\n$/);
  });

  test("a terminal without cursor movement gets whole lines after each change", async ({ cli }) => {
    await using terminal = openTerminal([...cli.command, "status", "--watch"], {
      cwd: cli.project,
      env: { ...cli.env, TERM: "dumb" },
    });
    await terminal.shows(/queue {4}empty/);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(terminal.output()).not.toContain("\u001b");
  });
});

describe("ssh", () => {
  test("connects this terminal to the machine's shell: its size, a resize, Ctrl-C for the running program, and the shell's exit code", async ({
    cli,
  }) => {
    await using terminal = start(cli, ["ssh", "pc1"]);
    let seen = await terminal.shows(/pcs-1 is held until you leave/);
    terminal.type("stty size\n");
    seen = await terminal.shows(/\D24 80\r\n/, seen);
    await terminal.resize({ columns: 100, rows: 30 });
    terminal.type("until [ \"$(stty size)\" = '30 100' ]; do sleep 0.1; done; echo res''ized\n");
    seen = await terminal.shows(/resized/, seen);

    terminal.type(`sh -c 'trap "echo caug""ht; exit" INT; echo "beg"un; sleep 1000'\n`);
    seen = await terminal.shows(/begun/, seen);
    terminal.type(CTRL_C);
    seen = await terminal.shows(/caught/, seen);
    terminal.type("hostname; exit 7\n");
    seen = await terminal.shows(/\Wpc1\r\n/, seen);
    expect(await terminal.ended).toBe(7);
    await expectReleased(cli);
  });

  test("ends with its terminal, removes its key and releases the lease", async ({ cli }) => {
    await using terminal = start(cli, ["ssh", "pc1"]);
    await terminal.shows(/pcs-1 is held until you leave/);
    terminal.type("echo beg''un; sleep 1000\n");
    await terminal.shows(/begun/);
    terminal.close();
    await waitFor({
      what: "the key to be gone",
      timeoutMs: 20_000,
      probe: async () => ((await keys(cli)).length === 0 ? { value: true } : { seen: "a key" }),
    });
    await expectReleased(cli);
  });

  test("Ctrl-C during the wait leaves the queue", async ({ cli }) => {
    await using bob = await cli.hold("bob");
    await using terminal = start(cli, ["ssh", "pc1"]);
    await terminal.shows(/^wait .* you are next/m);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(await bob.waiting()).toBe(0);
  });
});
