import { createMachine } from "../packages/vmrig/src/machine/machine.ts";
import { dial } from "../packages/vmrig/src/ssh/connection.ts";
import { startSshd } from "../packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts";
import { connectRaw, execRaw } from "./raw.ts";
await using server = await startSshd();
const { target } = server;
await using connection = await dial(target, { name: "pc1" });
const machine = createMachine({ name: "pc1", address: target.host, user: target.user, connect: async () => connection });
const raw = await connectRaw(target); raw.setNoDelay(true);
const sides: any = { raw: () => execRaw(raw, "echo 'hello'"), conn: () => connection.exec("echo 'hello'"), ours: () => machine.$`echo ${"hello"}` };
const only = process.argv[2];
for (let round = 0; round < 4; round++)
for (const [name, work] of Object.entries(sides) as any) {
  if (only && name !== only) continue;
  for (let i = 0; i < 50; i++) await work();
  const c = process.cpuUsage(); const s = performance.now();
  for (let i = 0; i < 300; i++) await work();
  const d = process.cpuUsage(c);
  if (round > 0) console.log(name, "cpu us/cmd", ((d.user + d.system) / 300).toFixed(0), "user", (d.user / 300).toFixed(0), "wall", ((performance.now() - s) / 300).toFixed(2));
}
raw.end();
