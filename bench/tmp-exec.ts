import { createMachine } from "../packages/vmrig/src/machine/machine.ts";
import { dial } from "../packages/vmrig/src/ssh/connection.ts";
import { startSshd } from "../packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts";
import { connectRaw, execRaw } from "./raw.ts";
import { median } from "./report.ts";
await using server = await startSshd();
const { target } = server;
await using connection = await dial(target, { name: "pc1" });
const machine = createMachine({ name: "pc1", address: target.host, user: target.user, connect: async () => connection });
const raw = await connectRaw(target); raw.setNoDelay(true);
const rawEof = (client: any, command: string, corked: boolean) => new Promise<string>((resolve, reject) => {
  client.exec(command, (error: any, channel: any) => {
    if (error) return reject(error);
    let output = ""; let code = -1;
    channel.on("data", (chunk: Buffer) => (output += chunk.toString()));
    channel.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    channel.on("exit", (exit: number) => (code = exit));
    channel.on("close", () => code === 0 ? resolve(output) : reject(new Error("code " + code)));
    if (!corked) channel.end(); else { channel.outgoing.state = "eof"; channel.end(); }
  });
});
const raw2: any = await connectRaw(target); raw2.setNoDelay(true);
{
  const p = raw2._protocol; const ex = p.exec.bind(p);
  p.exec = (id: number, cmd: string, want: boolean) => { raw2._sock.cork(); ex(id, cmd, want); p.channelEOF(id); raw2._sock.uncork(); };
}
const sides: any = {
  raw: () => execRaw(raw, "echo 'hello'"),
  rawEof: () => rawEof(raw, "echo 'hello'", false),
  rawCork: () => rawEof(raw2, "echo 'hello'", true),
  conn: () => connection.exec("echo 'hello'"),
  ours: () => machine.$`echo ${"hello"}`,
  devnull: () => execRaw(raw, "exec </dev/null; echo 'hello'"),
};
const samples: any = Object.fromEntries(Object.keys(sides).map((k) => [k, []]));
for (let i = -100; i < Number(process.argv[2] ?? 400); i++) {
  const names = Object.keys(sides); const f = ((i % names.length) + names.length) % names.length;
  const turned = [...names.slice(f), ...names.slice(0, f)];
  for (const name of i % 2 ? turned : turned.reverse()) { const s = performance.now(); await sides[name](); if (i >= 0) samples[name].push(performance.now() - s); }
}
const base = median(samples.raw);
for (const [k, v] of Object.entries(samples)) console.log(k.padEnd(8), median(v as number[]).toFixed(3), (median(v as number[]) / base).toFixed(3));
raw.end(); raw2.end();
