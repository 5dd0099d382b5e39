import { expect, test } from "vitest";
import { readTarMessages } from "./tar-messages.ts";

test("messages about single files are told from those of a failure", () => {
  const messages = [
    "tar: ./gone: Cannot stat: No such file or directory",
    "tar: ./\\303\\251\\n\\\\q: b: Warning: Cannot open: No such file or directory",
    "tar: ./dir: File removed before we read it",
    "tar: ./log: file changed as we read it",
    "tar: ./short: File shrank by 12 bytes; padding with zeros",
    "tar: setxattrat: Cannot set 'security.capability' extended attribute for file './cap': Operation not permitted",
    "tar: Exiting with failure status due to previous errors",
  ];
  expect(readTarMessages(messages.join("\n"))).toEqual({
    missing: ["./gone", "./\xc3\xa9\n\\q: b", "./dir"],
    changed: ["./log", "./short"],
    attributes: [{ name: "./cap", why: "security.capability: Operation not permitted" }],
    others: [],
  });
});

test("every other message is a failure", () => {
  for (const message of [
    "tar: ./secret: Cannot open: Permission denied",
    "tar: Skipping to next header",
    "tar: This does not look like a tar archive",
    "tar: unrecognized option '--null'",
    "tar: ./missing.tar: file is the archive; not dumped",
    "tar: /a: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now",
  ])
    expect(readTarMessages(`${message}\n`).others, message).toHaveLength(1);
});

test("bsdtar names a missing file, too", () => {
  const { missing, others } = readTarMessages(
    "tar: ./gone: Cannot stat: No such file or directory\ntar: Error exit delayed from previous errors.\n",
  );
  expect([missing, others]).toEqual([["./gone"], []]);
});
