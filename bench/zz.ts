import { mkdir, writeFile, rm, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
const root = "/tmp/h-transfer";
const { createMachine } = await import(`${root}/packages/vmrig/src/machine/create-machine.ts`);
const { dial } = await import(`${root}/packages/vmrig/src/ssh/dial.ts`);
const { startSshd } = await import(`${root}/packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts`);
process.env["TMPDIR"] ??= "/dev/shm";
await using server = await startSshd({});
await using connection = await dial(server.target, { name: "pc1" });
const { createMachine: createOld } = await import("/tmp/h-transfer-old/packages/vmrig/src/machine/create-machine.ts");
const options = ({ name: "pc1", address: server.target.host, user: server.target.user, connect: async () => connection });
const machines = [createMachine(options), createOld(options)];
const here = await mkdtemp(join(process.env["TMPDIR"], "zz-"));
const project = join(here, "p");
for (let i = 0; i < 5000; i++) { const f = join(project, `folder-${Math.floor(i/100)}`); if (i % 100 === 0) await mkdir(f, { recursive: true }); await writeFile(join(f, `file-${i}`), Buffer.alloc(1024, "x")); }
const large = join(here, "large"); await writeFile(large, Buffer.alloc(64<<20, "abc"));
const r: number[][] = [[], [], [], []];
for (let i = 0; i < 30; i++) for (const k of i % 2 ? [0, 1] : [1, 0]) { const machine = machines[k];
  let s = performance.now(); await machine.upload(project, `${server.folder}/p`); r[k].push(performance.now() - s);
  await machine.file(`${server.folder}/p`).remove({ recursive: true });
  s = performance.now(); await machine.upload(large, `${server.folder}/l`); r[2 + k].push(performance.now() - s);
}
await rm(here, { recursive: true });
const f = (a: number[]) => { const b = a.slice(2).toSorted((x, y) => x - y); return `min ${b[0].toFixed(0)} q1 ${b[7].toFixed(0)} median ${b[14].toFixed(0)}`; };
console.log("small new", f(r[0]), " old", f(r[1]), "| large new", f(r[2]), " old", f(r[3]));
