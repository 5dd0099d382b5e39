import { describe, expect, test } from "vitest-environment-vmrig";
import { sendCommand } from "../../src/send-command.ts";

describe("the inbox of pc2", () => {
  test("takes in what pc1 sends", async ({ pc1, pc2 }) => {
    await pc1.$`mkdir -p photos && echo hello > photos/a.txt && echo scratch > photos/b.tmp`;
    await pc1.exec("rsync", sendCommand({ from: "photos", to: "pc2", except: ["*.tmp"] }));
    expect(await pc2.file("/srv/inbox/a.txt").text()).toBe("hello\n");
    expect(await pc2.file("/srv/inbox/b.tmp").exists()).toBe(false);
  });

  test("comes back after a crash of its service", async ({ pc1, pc2 }) => {
    await pc2.root.$`systemctl kill --signal=KILL inbox.service`;
    await pc2.root.$`systemctl start inbox.service`;
    await pc2.waitForPort(873);
    await pc1.exec("rsync", sendCommand({ from: "photos", to: "pc2" }));
    expect(await pc2.file("/srv/inbox/b.tmp").text()).toBe("scratch\n");
  });
});
