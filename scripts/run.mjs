// Entry point of this repository: sets this computer up, then runs a task.
// `npm run setup | demo | bench | test:chaos`, `npm test`. Plain JavaScript without dependencies,
// because it runs before they are installed, on any version of Node.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHere } from "./setup/cache-folder.mjs";
import { runChild } from "./child.mjs";
import { SetupError } from "./setup/setup-error.mjs";
import { setUp } from "./setup/setup.mjs";
import { taskNamed } from "./tasks.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [name, ...args] = process.argv.slice(2);

try {
  const task = name === undefined ? undefined : taskNamed(name, args);
  const env = await setUp({
    root,
    env: fromHere(process.env),
    // Setup without a task prepares for every task.
    tests: task === undefined || task.tests === true,
    remote: task?.remote === true,
    say: (topic, text) => {
      const line = `${topic.padEnd(8)} ${text}`;
      if (task?.remote === true) console.error(line);
      else console.log(line);
    },
  });
  if (task !== undefined)
    process.exitCode = await runChild(task.command, task.args, {
      cwd: join(root, task.folder),
      env,
    });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error([error.message, ...error.details.map((line) => `  ${line}`)].join("\n"));
  process.exitCode = error.exitCode;
}
