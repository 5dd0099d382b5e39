import { describe, expect, test } from "vitest-environment-vmrig";
import { sendCommand } from "../../src/send-command.ts";

describe("the inbox of pc2", () => {
  test("takes in what pc1 sends", async ({ pc1, pc2 }) => {
    await pc1.$`mkdir -p photos && echo hello > photos/a.txt && echo scratch > photos/b.tmp`;
    await pc1.exec("rsync", sendCommand({ from: "photos", to: "pc2", except: ["*.tmp"] }));
    await expect(pc2.file("/srv/inbox/a.txt")).toHaveText("hello\n");
    await expect(pc2.file("/srv/inbox/b.tmp")).not.toExist();
  });

  test("comes back after a crash of its service", async ({ pc1, pc2 }) => {
    await pc2.root.$`systemctl kill --signal=KILL inbox.service`;
    await expect(() => pc1.exec("rsync", sendCommand({ from: "photos", to: "pc2" }))).toSucceed({
      timeout: "10s",
    });
    await expect(pc2.file("/srv/inbox/b.tmp")).toHaveText("scratch\n");
  });
});
