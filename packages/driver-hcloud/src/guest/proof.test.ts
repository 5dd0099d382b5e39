import { expect, test } from "vitest";
import { parseProof } from "./proof.ts";

const OLD = "mount / /@snapshots/.vmrig/old/00000003/root 256\nmount /home /@home 257\n";
const NEW = "mount / /@ 270\nmount /home /@home 271\ntoken t1\nspace 90 100\n";

test("the root that runs until the soft reboot proves nothing, although the rollback is in place", () => {
  const seen = parseProof(`${OLD}token t1\n`, { token: "t1", how: "soft" });
  expect(seen).toEqual({
    seen: "the former root still runs (/@snapshots/.vmrig/old/00000003/root)",
  });
});

test("a root that another rollback entered proves nothing", () => {
  const seen = parseProof(NEW, { token: "t2", how: "soft" });
  expect(seen).toEqual({ seen: "no rollback of this run was entered" });
});

test("a full reboot is proven by a new boot only", () => {
  expect(parseProof(NEW, { token: "t1", how: "reboot" })).toEqual({ seen: "no reboot yet" });
  expect(parseProof(`${NEW}rebooted\n`, { token: "t1", how: "reboot" })).toMatchObject({
    root: 270,
  });
});

test("tells the subvolumes, the free space and what is left of the time before", () => {
  const text = `${NEW}survivor 563\nleftover /dev/m8\n`;
  expect(parseProof(text, { token: "t1", how: "soft" })).toEqual({
    token: "t1",
    root: 270,
    home: 271,
    leftovers: ["survivor 563", "leftover /dev/m8"],
    free: 0.9,
  });
});

test("no output is no proof", () => {
  expect(parseProof("", { token: "t1", how: "soft" })).toHaveProperty("seen");
});
