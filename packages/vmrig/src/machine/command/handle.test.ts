import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { waitFor } from "../../wait/wait-for.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

const gone = (pid: string): Promise<unknown> => rig.gone(pid);
const written = (file: string): Promise<string> => rig.written(file);

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("the streams of a command", () => {
  test("deliver its output as it arrives, and accept its input", async () => {
    const chat = pc1.$`while read -r line; do echo "got $line"; echo "heard $line" >&2; done; exit 3`;
    chat.stdin.write("one\n");
    expect(String((await once(chat.stdout, "data"))[0])).toBe("got one\n");
    expect(String((await once(chat.stderr, "data"))[0])).toBe("heard one\n");
    chat.stdin.end("two\n");
    await expect(chat).rejects.toMatchObject({
      exitCode: 3,
      stdout: "got one\ngot two",
      stderr: "heard one\nheard two",
    });
  });

  test("end with the command, separately and combined", async () => {
    const both = pc1.$({
      all: true,
      stdin: "pipe",
    })`echo out; read -r go; echo err >&2; read -r go; echo out`;
    const streams = Promise.all([text(both.stdout), text(both.stderr)]);
    let all = "";
    for await (const chunk of both.all) {
      all += String(chunk);
      // stdout and stderr are separate streams without a common order: the test waits for each
      // output before the next one.
      both.stdin.write("go\n");
    }
    expect([all, ...(await streams)]).toEqual(["out\nerr\nout\n", "out\nout\n", "err\n"]);
    expect(await both).toMatchObject({ all: "out\nerr\nout", stdout: "out\nout", stderr: "err" });
  });

  test("begin with the retained output when requested late", async () => {
    const late = pc1.$`echo early; touch ${rig.server.folder}/early; read -r line; echo "$line"`;
    late.stdin.write("");
    await pc1.waitUntilSucceeds`[ -e ${rig.server.folder}/early ]`;
    late.stdin.end("late\n");
    expect(await collect(late)).toEqual(["early", "late"]);
    expect(await text(late.stdout)).toBe("");
    const over = pc1.$`echo over`;
    await over;
    expect(await text(over.stdout)).toBe("over\n");
  });

  test("that are requested and not read do not block the command while the output is retained", async () => {
    const unread = pc1.$`head -c 4000000 /dev/zero; echo done`;
    expect(unread.stdout.readableFlowing).toBe(null);
    expect((await unread).stdout).toHaveLength(4_000_004);
  });

  test("that a reader closes do not block the command", async () => {
    const left = pc1.$({ buffer: false })`head -c 8000000 /dev/zero; echo done >&2`;
    for await (const chunk of left.stdout) if ((chunk as Buffer).length > 0) break;
    expect(await left).toMatchObject({ exitCode: 0, stdout: undefined });
  });

  test("have an empty stdin by default, and a late request fails with that reason", async () => {
    const silent = pc1.$`cat; echo end`;
    expect((await silent).stdout).toBe("end");
    expect(() => silent.stdin).toThrow(
      'The command was started with an empty stdin.\nhint: pass the option `stdin: "pipe"`',
    );
    const kept = pc1.$({ stdin: "pipe" })`cat`;
    await pc1.$`true`;
    kept.stdin.end("later");
    expect((await kept).stdout).toBe("later");
  });
});

describe("lines", () => {
  test("arrive as they are printed", async () => {
    const lines: string[] = [];
    for await (const line of pc1.$`echo one; read -r go; printf 'two\r\n\nčaj ☕'`)
      lines.push(line);
    expect(lines).toEqual(["one", "two", "", "čaj ☕"]);
    const chat = pc1.$`echo ready; read -r go; echo "$go"`;
    const { stdin } = chat;
    const seen: string[] = [];
    for await (const line of chat) {
      seen.push(line);
      if (line === "ready") stdin.end("steady\n");
    }
    expect(seen).toEqual(["ready", "steady"]);
  });

  test("of a failing command throw at the end, unless `reject` is false", async () => {
    const lines: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const line of pc1.$`echo one; exit 4`) lines.push(line);
    };
    await expect(loop()).rejects.toMatchObject({ code: "COMMAND_FAILED", exitCode: 4 });
    expect(lines).toEqual(["one"]);
    expect(await collect(pc1.$({ reject: false })`echo two; exit 4`)).toEqual(["two"]);
  });

  test("leaving the loop early ends the process group", async () => {
    let pid = "";
    const command = pc1.$`sleep 600 & echo $!; yes`;
    for await (const line of command) {
      pid = line;
      break;
    }
    await gone(pid);
    expect(await command.waitForExit()).toMatchObject({
      failed: true,
      isCanceled: false,
      signal: "SIGKILL",
    });
  });

  test("of a lost connection throw instead of ending", async () => {
    await using doomed = await startMachine();
    const lines: string[] = [];
    const loop = async (): Promise<void> => {
      for await (const line of doomed.pc1.$({
        reject: false,
      })`echo one; sleep 0.2; kill -KILL $PPID; sleep 600`)
        lines.push(line);
    };
    await expect(loop()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(lines).toEqual(["one"]);
  });
});

describe("a command in the background", () => {
  test("is ended by kill, and waitForExit resolves with the result, also of a failure", async () => {
    const server = pc1.$`trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
    for await (const chunk of server.stdout) if (String(chunk).includes("up")) break;
    server.kill();
    expect(await server.waitForExit()).toMatchObject({
      stdout: "up\nbye",
      exitCode: 0,
      failed: false,
    });
    server.kill();
    const failing = pc1.$`exit 9`;
    expect(await failing.waitForExit()).toMatchObject({ exitCode: 9, failed: true });
  });

  for (const user of ["the login user", "root"]) {
    test(`of ${user} receives the signal, and SIGKILL after a delay when it ignores the signal`, async () => {
      const machine = user === "root" ? pc1.root : pc1;
      const file = `${rig.server.folder}/listens-${user === "root" ? "root" : "user"}`;
      const listener = machine.$`
        trap 'echo usr1 >> ${file}' USR1; trap 'echo hup >> ${file}' HUP; trap 'echo term >> ${file}' TERM
        echo $$; while :; do sleep 0.02; done`;
      const [pid] = (await once(listener.stdout, "data")) as [Buffer];
      const heard = async (count: number): Promise<unknown> =>
        pc1.root.waitUntilSucceeds({
          timeout: "15s",
          interval: 20,
        })`[ $(wc -l <${file}) -ge ${count} ]`;
      listener.kill("SIGUSR1");
      await heard(1);
      listener.kill("SIGHUP");
      await heard(2);
      listener.kill("SIGUSR1");
      await heard(3);
      listener.kill();
      await heard(4);
      expect((await pc1.root.$`cat ${file}`).stdout).toBe("usr1\nhup\nusr1\nterm");
      expect(await listener.waitForExit()).toMatchObject({ failed: true, isCanceled: false });
      await gone(String(pid).trim());
    });
  }

  test("reports the signal that ended a program, or 128 + n behind a shell", async () => {
    const suicide = ["-c", "kill -USR1 $$"];
    expect(await pc1.exec("sh", suicide, { reject: false })).toMatchObject({
      signal: "SIGUSR1",
      exitCode: undefined,
      isTerminated: true,
    });
    expect(await pc1.$({ reject: false })`sh ${suicide}; exit`).toMatchObject({
      signal: undefined,
      exitCode: 138,
      isTerminated: false,
    });
    expect(await pc1.root.exec("sh", suicide, { reject: false })).toMatchObject({
      exitCode: 138,
      isTerminated: false,
    });
  });

  test("is interrupted by SIGINT; as another user only with a handler", async () => {
    const sleeper = pc1.$`echo begun; exec sleep 600`;
    await once(sleeper.stdout, "data");
    sleeper.kill("SIGINT");
    expect(await sleeper.waitForExit()).toMatchObject({ signal: "SIGINT" });
    // A background process of a shell ignores SIGINT by default, and only some programs can change
    // that (POSIX.1-2017, XCU 2.11).
    const handles =
      'process.on("SIGINT", () => process.exit(5)); console.log(1); setInterval(() => {}, 1000)';
    const listener = pc1.root.exec(process.execPath, ["-e", handles]);
    await once(listener.stdout, "data");
    listener.kill("SIGINT");
    expect(await listener.waitForExit()).toMatchObject({ exitCode: 5 });
  });

  test("can be ended before it has started", async () => {
    const file = `${rig.server.folder}/never-begun`;
    const command = pc1.$`sleep 0.2; touch ${file}`;
    command.kill();
    expect(await command.waitForExit()).toMatchObject({ failed: true, isCanceled: false });
    await expect(command).rejects.toMatchObject({ code: "COMMAND_FAILED" });
    expect(await pc1.file(file).exists()).toBe(false);
  });

  test("killSignal and forceKillAfterDelay control how a timeout ends it", async () => {
    const polite = pc1.$({
      timeout: "2s",
      killSignal: "SIGTERM",
      reject: false,
    })`trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done`;
    expect(await polite).toMatchObject({
      timedOut: true,
      stdout: "bye",
      exitCode: 0,
      failed: true,
    });
    const deaf = pc1.$({
      timeout: "4s",
      killSignal: "SIGTERM",
      forceKillAfterDelay: "200ms",
      reject: false,
    })`trap '' TERM; sleep 600`;
    expect(await deaf).toMatchObject({ timedOut: true, signal: "SIGKILL" });
  });

  test("that fails unawaited is an unhandled rejection, as in execa, unless this side ended it", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    const before = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
    try {
      await using fresh = await startMachine();
      const stop = new AbortController();
      void fresh.pc1.$`exit 7`;
      fresh.pc1.$`sleep 600`.kill();
      void fresh.pc1.$({ signal: stop.signal })`sleep 600`;
      void fresh.pc1.$`sleep 600`;
      await fresh.pc1.$`sleep 0.1`;
      stop.abort();
      await waitFor({
        what: "a rejection",
        timeoutMs: 10_000,
        probe: async () => (unhandled.length > 0 ? { value: true } : { seen: "none" }),
      });
      await fresh.pc1.$`sleep 0.1`;
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of before) process.on("unhandledRejection", listener);
    }
    expect(unhandled).toEqual([expect.objectContaining({ code: "COMMAND_FAILED", exitCode: 7 })]);
  });
});

describe("the signal of a test", () => {
  test("ends only the commands that started during the test", async () => {
    let scope: AbortController | undefined;
    await using machine = await startMachine({ scope: () => scope?.signal });
    const pidfile = (name: string): string => `${rig.server.folder}/${name}`;
    const [before, within] = [pidfile("before"), pidfile("within")];
    const first = machine.pc1.$`echo $$ >${before}; exec sleep 600`;
    scope = new AbortController();
    const second = machine.pc1.$({
      reject: false,
      signal: new AbortController().signal,
    })`echo $$ >${within}; exec sleep 600`;
    await Promise.all([written("before"), written("within")]).catch(() => {});
    scope.abort(new Error("Test timed out"));
    expect(await second).toMatchObject({ isCanceled: true, failed: true });
    scope = undefined;
    first.kill("SIGKILL");
    expect(await first.waitForExit()).toMatchObject({ isCanceled: false, signal: "SIGKILL" });
  });
});
