import { describe, expect, test } from "vitest-environment-vmrig";
import { buildPackage } from "../../src/build-package.ts";

// The tests of a file build on each other: the machine is rolled back to its baseline only before
// the next file.

describe("tally 1.0", () => {
  test("is installed, runs, and starts by itself", async ({ pc1 }) => {
    await pc1.root.$`dpkg -i ${await buildPackage(pc1, "1.0.0")}`;
    await expect(pc1.package("tally")).toHaveVersion("1.0.0");
    await expect(pc1.service("tally")).toBeEnabled();
    await expect(pc1.service("tally")).toBeRunning();
    await expect(pc1.port(8300)).toBeListening();
  });

  test("counts", async ({ pc1 }) => {
    await pc1.$`tally add apples && tally add apples && tally add pears`;
    await expect(() => pc1.$`tally show apples`).toPrint("2");
    const { body } = await pc1.waitForHttp("http://localhost:8300/pears");
    expect(body).toBe("1\n");
  });

  test("is reached from this computer through a forward", async ({ pc1 }) => {
    await using web = await pc1.forward(8300);
    const response = await fetch(`${web.url}/pears`);
    expect([response.status, await response.text()]).toEqual([200, "1\n"]);
  });

  test("listens where its config says", async ({ pc1 }) => {
    await pc1.root.file("/etc/tally.conf").write("port=8311\n");
    await pc1.root.$`systemctl restart tally`;
    await expect(pc1.port(8311)).toBeListening();
    await expect(pc1.port(8300)).not.toBeListening();
  });
});

describe("the upgrade to 2.0", () => {
  test("is installed over a running 1.0", async ({ pc1 }) => {
    await pc1.root.$`dpkg --force-confold -i ${await buildPackage(pc1, "2.0.0")}`;
    await expect(pc1.package("tally")).toHaveVersion("2.0.0");
    await pc1.root.waitForLog("2.0.0 listens on 8311", { file: "/var/log/tally/tally.log" });
  });

  test("keeps a config that was changed", async ({ pc1 }) => {
    await expect(pc1.file("/etc/tally.conf")).toHaveText("port=8311\n");
    await expect(pc1.port(8311)).toBeListening();
  });

  test("knows what 1.0 has counted, and the time of what 2.0 counts", async ({ pc1 }) => {
    expect((await pc1.$`tally show apples; tally show apples/last`).stdout).toBe("2\n-");
    await pc1.$`tally add apples`;
    expect((await pc1.$`tally show apples; tally show apples/last`).stdout).toMatch(/^3\n20\d\d-/);
  });
});

describe("what was counted survives a crash", () => {
  test("of the daemon, which systemd starts again", async ({ pc1 }) => {
    await pc1.root.$`systemctl kill --signal=KILL tally`;
    await expect
      .poll(async () => (await pc1.service("tally").status()).restarts, { timeout: 30_000 })
      .toBe(1);
    await expect(() => pc1.$`tally show apples`).toPrint("3", { timeout: "30s" });
  });

  // A boot takes some seconds, or a minute where machines are emulated.
  test(
    "of the machine, to the last one that was answered",
    { timeout: 300_000 },
    async ({ pc1 }) => {
      await pc1.$`sync`; // the installation is on disk; the next count must survive without sync
      await pc1.$`tally add apples`;
      await pc1.crash();
      await pc1.powerOn();
      await pc1.waitForUnit("tally", { timeout: "2m" });
      await expect(() => pc1.$`tally show apples`).toPrint("4", { timeout: "30s" });
    },
  );
});
