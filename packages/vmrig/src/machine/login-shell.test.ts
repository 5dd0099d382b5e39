import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TestMachine, useMachine } from "./fixtures.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

/** All other tests use `sh`. The setup installs zsh. */
const LOGIN_SHELLS = ["/bin/bash", "/usr/bin/zsh"].filter((shell) => existsSync(shell));

describe.each(LOGIN_SHELLS)("users whose login shell is %s", (loginShell) => {
  let rig: TestMachine;
  let pc1: TestMachine["pc1"];
  useMachine(
    (made) => {
      rig = made;
      pc1 = rig.pc1;
    },
    { sshd: { loginShell } },
  );

  test("run lines with any value, from any folder and as any user", async () => {
    const odd = "$x *[ =ls ~ 'q' \"!!\" \n#";
    for (const machine of [pc1, pc1.root]) {
      const { stdout } = await machine.$({
        env: { A: odd },
        cwd: rig.server.folder,
      })`printf '%s|' ${["a b", odd]} "$A"; pwd`;
      expect(stdout).toBe(`a b|${odd}|${odd}|${rig.server.folder}`);
    }
    expect((await pc1.$({ shell: "sh", input: "in" })`cat; echo $0`).stdout).toBe("insh");
    expect((await pc1.$({ pty: true })`stty size`).stdout).toBe("24 80");
    expect(
      (await pc1.$`printf %s ${["x".repeat(100_000), "y".repeat(100_000)]}`).stdout,
    ).toHaveLength(200_000);
  });

  test("end commands by signal and timeout, and get the right result", async () => {
    const handles =
      'process.on("SIGINT", () => process.exit(5)); console.log(1); setInterval(() => {}, 1000)';
    const listener = pc1.root.exec(process.execPath, ["-e", handles]);
    await once(listener.stdout, "data");
    listener.kill("SIGINT");
    expect(await listener.waitForExit()).toMatchObject({ exitCode: 5 });
    for (const machine of [pc1, pc1.root]) {
      const killed = machine.$`echo $$; sleep 600 & sleep 600; :`;
      const [pid] = (await once(killed.stdout, "data")) as [Buffer];
      killed.kill("SIGKILL");
      expect(await killed.waitForExit()).toMatchObject({ failed: true });
      await rig.gone(String(pid).trim());
      expect(await machine.$({ reject: false, timeout: "300ms" })`sleep 600; :`).toMatchObject({
        timedOut: true,
      });
    }
  });

  test("write, copy and find files, and get the right errors", async () => {
    const there = `${rig.server.folder}/files`;
    const here = await tempFolder();
    await mkdir(join(here, "tree", "sub"), { recursive: true });
    await writeFile(join(here, "tree", "sub", "=a *"), "content");
    await pc1.$`mkdir -p ${there}/tree/sub`;
    await pc1.file(`${there}/tree/sub/kept`).write("kept");
    await pc1.upload(join(here, "tree"), `${there}/tree`);
    expect(await pc1.glob(`${there}/tree/**`)).toEqual(
      ["sub", "sub/=a *", "sub/kept"].map((name) => `${there}/tree/${name}`),
    );
    await pc1.download(`${there}/tree`, join(here, "back"));
    expect(await readFile(join(here, "back", "sub", "=a *"), "utf8")).toBe("content");
    await using temporary = await pc1.tmpdir();
    expect(await pc1.file(temporary.path).stat()).toMatchObject({ type: "folder" });

    const lost = pc1.file(`${there}/no/such`);
    await expect(lost.text()).rejects.toThrow(`No such file on pc1: ${there}/no/such.`);
    for (const attempt of [
      () => lost.write("x"),
      () => lost.append("x"),
      () => pc1.upload(join(here, "tree"), lost.path),
    ]) {
      await expect(attempt()).rejects.toThrow(
        `${there}/no/such on pc1 as ${pc1.user}: no such folder.`,
      );
    }
    await expect(pc1.file(there).append("x")).rejects.toThrow(
      `${there} on pc1 as ${pc1.user}: Is a directory.`,
    );
  });

  test("wait, query resources, and use a terminal", async () => {
    const file = `${rig.server.folder}/log`;
    await pc1.file(file).write("one\nready\n");
    expect(await pc1.waitForLog("ready", { file })).toBe("ready");
    await pc1.waitForFile(file);
    await pc1.waitForPort(rig.server.target.port);
    await pc1.waitUntilSucceeds`test -e ${file}`;
    expect((await pc1.root.account("root").account())?.home).toBe("/root");
    await pc1.facts();
    for (const machine of [pc1, pc1.root]) {
      await using shell = await machine.shell({
        command: "read -r name; echo hello $name; read -r name",
      });
      await shell.type("you\n");
      await shell.waitForScreen("hello you");
    }
  });
});
