import { writeTextAtomically } from "../../../packages/vmrig/src/local-files/atomic-write.ts";
import { readCa, readPassword } from "../server/redis-facts.ts";
import { REDIS_PORT } from "../stack/declare.ts";
import { openContext, openExisting, type Call, type Existing } from "./context.ts";

/** Prints what a team sets, without the password. */
export async function output(call: Call): Promise<void> {
  const context = await openContext(call);
  const existing = await openExisting(context);
  await using session = existing.session;
  await printOutput(context, { ...existing, session });
}

/** Prints the URL with the password, and nothing else, for a program that reads it. */
export async function outputUrl(call: Call): Promise<void> {
  const { address, session } = await openExisting(await openContext(call));
  await using opened = session;
  call.print(redisUrl(address, await readPassword(opened)));
}

/** Writes the certificate of the CA, and prints where it is and what the URL looks like. */
export async function printOutput(
  { files, print }: Call,
  { address, session }: Existing,
): Promise<void> {
  await writeTextAtomically(files.ca, await readCa(session), { mode: 0o644 });
  const ssh = `ssh -i ${quote(files.controlKey)} -o UserKnownHostsFile=${quote(files.knownHosts)} -o StrictHostKeyChecking=yes root@${address}`;
  print(`VMRIG_REDIS_URL  ${redisUrl(address, "***")}`);
  print("                 with its password: npm run --silent infra -- output --url");
  print(`redis.tls.ca     ${files.ca}`);
  print(`log in           ${ssh}`);
  print(`back up          ${files.folder}`);
}

function redisUrl(address: string, password: string): string {
  return `rediss://vmrig:${password}@${address}:${REDIS_PORT}`;
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
