import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { waitFor } from "../../wait/wait-for.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";
import { CTRL_C, openTerminal, type Terminal } from "../terminal.test.kit.ts";

const start = ({ command, project: cwd, env }: TestCli, words: readonly string[]): Terminal =>
  openTerminal([...command, ...words], { cwd, env, columns: 80, rows: 24 });

/** Folders with a key in it. */
const keys = async ({ folders }: TestCli): Promise<string[]> =>
  (await readdir(folders.runtime)).filter((name) => name.startsWith("ssh-"));

async function handedOn(place: TestCli): Promise<void> {
  expect(await keys(place)).toEqual([]);
  await using next = await place.hold("bob");
  expect(await next.waiting()).toBe(0);
}

describe("status --watch", () => {
  const [OWN_SCREEN, SCREEN_BEFORE, HOME] = ["\u001b[?1049h", "\u001b[?1049l", "\u001b[H"];

  test("has the screen for itself, draws it again and again, in a new size at once, and leaves what it showed last", async ({
    place,
  }) => {
    await using terminal = start(place, ["status", "--watch"]);
    let seen = await terminal.shows(/line {5}nobody waits/);
    expect(terminal.output().startsWith(OWN_SCREEN)).toBe(true);
    seen = await terminal.shows(/rig {6}pcs: 1 copy[^]*line {5}nobody waits/, seen);

    await terminal.resize({ columns: 12, rows: 4 });
    // oxlint-disable-next-line no-control-regex -- what a terminal is told
    await terminal.shows(/rig {6}pcs\u001b\[K[^]*\u001b\[J/, seen);
    const frames = terminal.output().split(HOME);
    expect(frames.at(-1)).toMatch(/^.{11,15}\r\n.{12,15}\r\n.{0,3}\r\n… \d more lin.{6}$/);

    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    const [, after = ""] = terminal.output().split(SCREEN_BEFORE);
    expect(after).toMatch(/^rig {6}pcs: 1 copy[^]*\r\nline {5}nobody waits\r\n$/);
  });

  test("a terminal that cannot move its cursor gets whole lines, when something changed", async ({
    place,
  }) => {
    await using terminal = openTerminal([...place.command, "status", "--watch"], {
      cwd: place.project,
      env: { ...place.env, TERM: "dumb" },
    });
    await terminal.shows(/line {5}nobody waits/);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(terminal.output()).not.toContain("\u001b");
  });
});

describe("ssh", () => {
  test("has the machine's shell at this terminal: its size, also a new one, Ctrl-C for what runs there, and the shell's exit code", async ({
    place,
  }) => {
    await using terminal = start(place, ["ssh", "pc1"]);
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
    await handedOn(place);
  });

  test("ends with its terminal, with its key removed and the lease handed on", async ({
    place,
  }) => {
    await using terminal = start(place, ["ssh", "pc1"]);
    await terminal.shows(/pcs-1 is held until you leave/);
    terminal.type("echo beg''un; sleep 1000\n");
    await terminal.shows(/begun/);
    terminal.close();
    await waitFor({
      what: "the key to be gone",
      timeoutMs: 20_000,
      probe: async () => ((await keys(place)).length === 0 ? { value: true } : { seen: "a key" }),
    });
    await handedOn(place);
  });

  test("Ctrl-C while it waits leaves the line", async ({ place }) => {
    await using bob = await place.hold("bob");
    await using terminal = start(place, ["ssh", "pc1"]);
    await terminal.shows(/^wait .* you are next/m);
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
    expect(await bob.waiting()).toBe(0);
  });
});
