import { describe, expect, test } from "vitest";
import { startMachine } from "../fixtures.test.kit.ts";
import type { CommandStarted, CommandObserver } from "../command/command-observer.ts";

describe("an observer", () => {
  interface Seen {
    readonly begun: CommandStarted;
    readonly events: string[];
  }

  function watch(): { readonly seen: Seen[]; readonly observer: CommandObserver } {
    const seen: Seen[] = [];
    const observer: CommandObserver = (begun) => {
      const events: string[] = [];
      seen.push({ begun, events });
      return { ended: (how) => events.push(how), secret: (text) => events.push(`secret ${text}`) };
    };
    return { seen, observer };
  }

  test("receives a shell when it is used, with its keys, its screen and its end", async () => {
    const [first, second] = [watch(), watch()];
    let observer: CommandObserver | undefined = first.observer;
    await using mine = await startMachine({ observer: () => observer });
    const shell = await mine.pc1.shell({
      command: "read -r a; read -r b; echo bye",
      env: { KEY: "of-env" },
      columns: 20,
    });
    await shell.type("one\n");
    await shell.type("hunter2", { secret: true });
    observer = undefined;
    await shell.screen();
    expect(first.seen).toMatchObject([
      {
        begun: { machine: "pc1", command: "read -r a; read -r b; echo bye" },
        events: ["secret hunter2"],
      },
    ]);
    expect(second.seen).toEqual([]);

    observer = second.observer;
    await shell.press("Enter");
    await shell.waitForExit();
    const [{ begun, events } = expect.unreachable()] = second.seen;
    expect(begun.secrets).toEqual(["of-env", "hunter2"]);
    expect(events).toEqual([expect.stringMatching(/^exited with 0 after/)]);
    expect(begun.shown?.().slice(0, 4)).toEqual([
      'typed: "one\\n" *** <Enter>',
      `┌${"─".repeat(20)}┐`,
      `│one${" ".repeat(17)}│`,
      `│hunter2${" ".repeat(13)}│`,
    ]);
  });

  test("receives a secret that is longer than a row in one piece", async () => {
    const { seen, observer } = watch();
    await using mine = await startMachine({ observer: () => observer });
    const shell = await mine.pc1.shell({
      command: 'echo "it is $KEY"',
      env: { KEY: "longer-than-a-row" },
      columns: 10,
    });
    await shell.waitForExit();
    expect(seen[0]?.begun.shown?.()).toEqual(["it is longer-than-a-row"]);
    expect((await shell.screen()).framed).toBe("it is longer-than-a-row");
  });
});
