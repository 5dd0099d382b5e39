import { fileURLToPath } from "node:url";
import { captureChild } from "../child.mjs";
import { SetupError } from "./setup-error.mjs";

/**
 * @typedef {object} Terraform
 * @property {string} path absolute
 * @property {string} shown its name and version: `tofu 1.11.0`
 */

const QUESTION = fileURLToPath(new URL("ask-vmrig.mjs", import.meta.url));

/**
 * Finds Terraform or OpenTofu by vmrig's own rule. Another rule would accept programs here that
 * vmrig refuses later. The rule is written in TypeScript, so a Node that can run it is needed.
 *
 * @param {{ root: string, node: string, env: NodeJS.ProcessEnv }} context `node`: its program
 * @returns {Promise<Terraform | SetupError>}
 */
export async function findTerraform({ root, node, env }) {
  const asked = await captureChild(node, ["--disable-warning=ExperimentalWarning", QUESTION], {
    cwd: root,
    env,
  });
  /** @type {unknown} */
  const answer = asked.code === 0 ? JSON.parse(asked.stdout) : undefined;
  if (isTerraform(answer)) return answer;
  const { message, details } = isFault(answer)
    ? answer
    : {
        message: "vmrig could not look for Terraform or OpenTofu.",
        details: asked.output.trim().split("\n"),
      };
  return new SetupError(message, details);
}

/**
 * @param {unknown} answer
 * @returns {answer is Terraform}
 */
function isTerraform(answer) {
  return typeof answer === "object" && answer !== null && "path" in answer;
}

/**
 * @param {unknown} answer
 * @returns {answer is { message: string, details: string[] }}
 */
function isFault(answer) {
  return typeof answer === "object" && answer !== null && "message" in answer;
}
