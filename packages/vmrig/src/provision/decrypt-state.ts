import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import { findTerraform } from "./terraform-binary.ts";
import { hostEnvironment } from "./terraform-environment.ts";

const TIMEOUT_MS = 60_000;

// internal/encryption/state.go of OpenTofu. Serial and lineage stay in clear.
const ENCRYPTED = z.object({ encrypted_data: z.string(), encryption_version: z.string() });

/** Variable of OpenTofu's own encryption. */
const TOFU_ENCRYPTION = "TF_ENCRYPTION";

/**
 * Returns a state in clear. OpenTofu's own encryption (`TF_ENCRYPTION`) encrypts a state before it
 * reaches the backend, so only OpenTofu can read it. Costs two starts of OpenTofu, and nothing for
 * any other state.
 *
 * @param shown the state's place, for the error
 * @throws VmrigError `STATE_KEY_MISSING` when OpenTofu cannot decrypt it, or is not there
 */
export async function decryptState(
  text: string | undefined,
  shown: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  if (text === undefined || !isEncrypted(text)) return text;
  const { path } = await findTerraform(environment);
  const folder = await mkdtemp(join(tmpdir(), "vmrig-state-"));
  try {
    await writeFile(join(folder, "encrypted.tfstate"), text, { mode: 0o600 });
    const backend = { local: { path: "encrypted.tfstate" } };
    await writeFile(join(folder, "main.tf.json"), JSON.stringify({ terraform: { backend } }));
    const env = {
      ...hostEnvironment(environment),
      [TOFU_ENCRYPTION]: environment[TOFU_ENCRYPTION] ?? "",
      CHECKPOINT_DISABLE: "1",
    };
    const options = { cwd: folder, env, extendEnv: false, timeout: TIMEOUT_MS } as const;
    await execa(path, ["init", "-input=false", "-no-color"], options);
    return (await execa(path, ["state", "pull", "-no-color"], options)).stdout;
  } catch (cause) {
    const { stderr = "" } = cause as { readonly stderr?: string };
    throw new VmrigError("STATE_KEY_MISSING", {
      message: `OpenTofu encrypted the ${shown}, and \`${path} state pull\` could not decrypt it.`,
      details: stderr.split("\n").filter((line) => line.trim() !== ""),
      hint: `set ${TOFU_ENCRYPTION} as it was when the state was stored, and use OpenTofu`,
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isEncrypted(text: string): boolean {
  // Saves parsing: a state in clear has no such member at its top.
  if (!text.includes('"encrypted_data"')) return false;
  try {
    return ENCRYPTED.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
