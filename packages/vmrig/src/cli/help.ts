export const HELP = `vmrig — real virtual machines for tests

  vmrig up [--allow ADDRESS]…   make the rig's machines and their baseline; replace only what is allowed
  vmrig destroy RIG             end the rig's machines for good; the name is typed to be sure

Options
  --config FILE   the config; default: vmrig.config.ts here or in a folder above
  --help          this text

Exit codes: 0 done · 1 a test's fault · 2 the command or the config · 3 the infrastructure · 4 a bug in vmrig · 130 interrupted
`;
