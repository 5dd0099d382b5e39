import { expect, test } from "vitest";
import { sendCommand } from "../../src/send-command.ts";

test("sends the content of a folder, not the folder", () => {
  expect(sendCommand({ from: "photos", to: "pc2" })).toEqual([
    "-a",
    "photos/",
    "rsync://pc2/inbox/",
  ]);
});

test("leaves out the excluded files", () => {
  expect(sendCommand({ from: "photos/", to: "pc2", except: ["*.tmp"] })).toContain(
    "--exclude=*.tmp",
  );
});
