// Prints which Terraform or OpenTofu vmrig uses in this environment, as JSON. A separate program,
// because setup may run in a Node that cannot run TypeScript.
import { basename } from "node:path";
import { isVmrigError } from "../../packages/vmrig/src/errors/vmrig-error.ts";
import { findTerraform } from "../../packages/vmrig/src/provision/terraform-binary.ts";

const answer = await findTerraform().then(
  ({ path, version }) => ({ path, shown: `${basename(path)} ${version}` }),
  (error) => {
    if (!isVmrigError(error)) throw error;
    const { summary, details, hint } = error;
    return { message: summary, details: [...details, ...(hint ? [`hint: ${hint}`] : [])] };
  },
);
process.stdout.write(JSON.stringify(answer));
