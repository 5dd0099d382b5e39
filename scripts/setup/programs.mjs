/**
 * @typedef {object} Need
 * @property {readonly string[]} commands alternatives: names to find on PATH, or absolute paths
 * @property {Partial<Record<import("./system.mjs").Family, string>>} packages name of the package
 *   on each system that has one
 * @property {true} [image] needed only to build a machine image
 * @property {true} [tests] used only by the tests, and large: a browser for Vitest's reports, servers
 *   for the stores of states
 * @property {import("./system.mjs").Family} [only] the only system where it is needed
 */

/**
 * Returns the programs that are needed beside Node: for the machines, the lease, the tests and the
 * image.
 *
 * @param {string} arch as in `process.arch`
 * @returns {readonly Need[]}
 */
export function programs(arch) {
  const arm = arch === "arm64";
  return [
    {
      commands: [arm ? "qemu-system-aarch64" : "qemu-system-x86_64"],
      packages: {
        debian: arm ? "qemu-system-arm" : "qemu-system-x86",
        fedora: arm ? "qemu-system-aarch64-core" : "qemu-system-x86-core",
        arch: arm ? "qemu-system-aarch64" : "qemu-system-x86",
        macos: "qemu",
      },
    },
    {
      commands: ["qemu-img"],
      packages: { debian: "qemu-utils", fedora: "qemu-img", arch: "qemu-img", macos: "qemu" },
    },
    {
      commands: ["vde_switch"],
      packages: { debian: "vde2", fedora: "vde2", arch: "vde2", macos: "vde" },
    },
    {
      commands: ["redis-server", "valkey-server"],
      packages: { debian: "redis-server", fedora: "valkey", arch: "valkey", macos: "redis" },
    },
    // Stores states, in the tests. Debian keeps `postgres` itself outside of PATH.
    {
      commands: ["postgres", "pg_ctlcluster"],
      packages: {
        debian: "postgresql",
        fedora: "postgresql-server",
        arch: "postgresql",
        macos: "postgresql",
      },
      tests: true,
    },
    // Installs moto, the S3 server of the tests.
    {
      commands: ["pip3"],
      packages: {
        debian: "python3-pip",
        fedora: "python3-pip",
        arch: "python-pip",
        macos: "python",
      },
      tests: true,
    },
    {
      commands: ["ssh-keygen"],
      packages: {
        debian: "openssh-client",
        fedora: "openssh-clients",
        arch: "openssh",
        macos: "openssh",
      },
    },
    {
      commands: ["sshd"],
      packages: {
        debian: "openssh-server",
        fedora: "openssh-server",
        arch: "openssh",
        macos: "openssh",
      },
    },
    // Clients of the Hetzner Cloud API, for the tests of its double. They are skipped elsewhere.
    { commands: ["hcloud"], packages: { debian: "hcloud-cli" }, tests: true, only: "debian" },
    {
      commands: ["/usr/lib/python3/dist-packages/hcloud"],
      packages: { debian: "python3-hcloud" },
      tests: true,
      only: "debian",
    },
    // A login shell that differs from the others, for the tests.
    { commands: ["zsh"], packages: { debian: "zsh", fedora: "zsh", arch: "zsh", macos: "zsh" } },
    // Creates terminals, for the tests. macOS has a different program of that name.
    {
      commands: ["script"],
      packages: { debian: "bsdutils", fedora: "util-linux-script", arch: "util-linux" },
    },
    {
      commands: ["mmdebstrap"],
      packages: { debian: "mmdebstrap", fedora: "mmdebstrap" },
      image: true,
    },
    {
      // Debian always has this keyring. On other systems mmdebstrap cannot verify Debian's packages
      // without it.
      commands: ["/usr/share/keyrings/debian-archive-keyring.gpg"],
      packages: {
        debian: "debian-archive-keyring",
        fedora: "debian-keyring",
        arch: "debian-archive-keyring",
      },
      image: true,
    },
    {
      commands: ["mkfs.btrfs"],
      packages: { debian: "btrfs-progs", fedora: "btrfs-progs", arch: "btrfs-progs" },
      image: true,
    },
    {
      commands: ["sfdisk"],
      packages: { debian: "fdisk", fedora: "util-linux", arch: "util-linux" },
      image: true,
    },
    {
      commands: [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      ],
      packages: {
        debian: "chromium",
        fedora: "chromium",
        arch: "chromium",
        macos: "google-chrome",
      },
      tests: true,
    },
  ];
}

/** @type {Partial<Record<import("./system.mjs").Family, string>>} */
const INSTALL = {
  debian: "apt-get install --no-install-recommends",
  fedora: "dnf install",
  arch: "pacman -S",
  macos: "brew install",
};

/**
 * @param {readonly Need[]} needs
 * @param {import("./system.mjs").Family} family
 * @returns {readonly string[]} names of packages, each once
 */
export function packagesFor(needs, family) {
  return [...new Set(needs.flatMap((need) => need.packages[family] ?? []))];
}

/**
 * Returns instructions to install the missing programs with this system's package manager.
 *
 * @param {readonly Need[]} missing
 * @param {import("./system.mjs").Family} family
 * @returns {readonly string[]} lines
 */
export function installAdvice(missing, family) {
  const without = missing
    .filter((need) => need.packages[family] === undefined)
    .map((need) => need.commands.join(" or "));
  const packages = packagesFor(missing, family);
  const install = `${family === "macos" ? "" : "sudo "}${INSTALL[family]} ${packages.join(" ")}`;
  return [
    `missing: ${missing.map((need) => need.commands.join(" or ")).join(", ")}`,
    ...(packages.length === 0 ? [] : [`hint: ${install}`]),
    ...(without.length === 0
      ? []
      : [`no package of this system is known for: ${without.join(", ")}`]),
  ];
}
