import { expect, test } from "vitest";
import type { CommandStarted } from "../machine/command/command-observer.ts";
import { createSecrets } from "./secrets.ts";
import { createTranscript, type Transcript } from "./transcript.ts";

function run(
  { observer }: Transcript,
  command: string,
  more: Partial<CommandStarted> & { readonly stdout?: string } = {},
): (end?: string) => void {
  const { stdout = "", ...begun } = more;
  const printed = (): ReturnType<CommandStarted["printed"]> => ({
    stdout: Buffer.from(stdout),
    stderr: Buffer.alloc(0),
  });
  const running = observer({
    machine: "pc1",
    user: "vmrig",
    command,
    query: undefined,
    secrets: [],
    printed,
    ...begun,
  });
  return (how = "exited with 0 after 0.1 s.") => running.ended(how);
}

test("lists each command with its machine, user, exit code and output", () => {
  const transcript = createTranscript(createSecrets());
  run(transcript, "ls", { stdout: "a\nb\n" })();
  run(transcript, "reboot", { machine: "pc2", user: "root" })("exited with 1 after 2.0 s.");
  expect(transcript.text().replaceAll(/\+\d+\.\d+ s/g, "+t")).toBe(
    "+t  pc1 vmrig$ ls → exited with 0 after 0.1 s\n    stdout: a\n            b\n+t  pc2 root$ reboot → exited with 1 after 2.0 s",
  );
  expect(transcript.brief(1)).toEqual(["pc2 root$ reboot → exited with 1 after 2.0 s"]);
});

test("lists a running command with its output so far", () => {
  const transcript = createTranscript(createSecrets());
  run(transcript, "tail -f log", { stdout: "so far" });
  expect(transcript.text()).toMatch(/tail -f log → still running\n {4}stdout: so far$/);
});

test("two hundred queries are one line, also between other queries; equal commands are merged only when they are consecutive", () => {
  const transcript = createTranscript(createSecrets());
  for (let cursor = 0; cursor < 200; cursor += 1) {
    run(transcript, `journalctl --after-cursor=${cursor}`, { query: "query the journal" })();
    run(transcript, "read /etc/motd", { query: "read /etc/motd" })();
  }
  for (const command of ["ls", "ls", "rm a", "ls"]) run(transcript, command)();
  expect(transcript.count).toBe(404);
  expect(transcript.brief(9).map((line) => line.replace(/.*\$ (.*) →.*/, "$1"))).toEqual([
    "query the journal (200 times)",
    "read /etc/motd (200 times)",
    "ls (2 times)",
    "rm a",
    "ls",
  ]);
});

test("a shell is listed with its last screen, and two shells are never merged", () => {
  const transcript = createTranscript(createSecrets());
  let screen = "first";
  run(transcript, "top", { shown: () => ["typed: <q>", screen] });
  run(transcript, "top", { shown: () => ["│top│"] })();
  screen = "last";
  expect(transcript.text().replaceAll(/\+\S+ s/g, "+T s")).toBe(
    [
      "+T s  pc1 vmrig$ top → still running",
      "    typed: <q>",
      "    last",
      "+T s  pc1 vmrig$ top → exited with 0 after 0.1 s",
      "    │top│",
    ].join("\n"),
  );
});

test("keeps the last 500 commands, and the end of each output", () => {
  const transcript = createTranscript(createSecrets());
  for (let index = 0; index < 700; index += 1)
    run(transcript, `echo ${index}`, { stdout: `${"x".repeat(90)}\n`.repeat(1_000) })();
  const text = transcript.text();
  expect(text).toMatch(/^the last 500 of 700 commands\n\S+ s {2}pc1 vmrig\$ echo 200 /);
  expect(text).toContain("stdout: … xxx");
  expect(text.length).toBeLessThan(500 * 2_600);
});
