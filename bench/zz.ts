import { mkdir, writeFile, rm, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { createMachine } from "../packages/vmrig/src/machine/create-machine.ts";
import { dial } from "../packages/vmrig/src/ssh/dial.ts";
import { startSshd } from "../packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts";
process.env["TMPDIR"] ??= "/dev/shm";
await using server = await startSshd({});
await using connection = await dial(server.target, { name: "pc1" });
const machine = createMachine({ name: "pc1", address: server.target.host, user: server.target.user, connect: async () => connection });
const here = await mkdtemp(join(process.env["TMPDIR"], "zz-"));
const project = join(here, "p");
for (let i = 0; i < 4800; i++) { const f = join(project, `folder-${i >> 3}`); if (i % 8 === 0) await mkdir(f, { recursive: true }); await writeFile(join(f, `file-${i}`), Buffer.alloc(1024, "x")); }
for (let i = 0; i < 5; i++) {
  const out: string[] = [];
  const t = async (name: string, work: () => Promise<unknown>) => { const s = performance.now(); await work(); out.push(`${name} ${(performance.now() - s).toFixed(0)}`); };
  await t("up1", () => machine.upload(project, `${server.folder}/p`));
  await t("up2", () => machine.upload(project, `${server.folder}/p`));
  await t("down1", () => machine.download(`${server.folder}/p`, join(here, "d")));
  await t("down2", () => machine.download(`${server.folder}/p`, join(here, "d")));
  await machine.file(`${server.folder}/p`).remove({ recursive: true });
  await rm(join(here, "d"), { recursive: true });
  console.log(out.join("  "));
}
await rm(here, { recursive: true });
