import { quoteWord } from "../../ssh/quote.ts";

/** An installed package. Plain data. */
export interface InstalledPackage {
  readonly name: string;
  /**
   * Version with epoch and release, as the package manager writes it: `1.22.1-9`,
   * `1:9.2p1-2+deb12u3`.
   */
  readonly version: string;
  /** Architecture as named by the package manager: `amd64`, `x86_64`. Missing in apk's list. */
  readonly arch: string | undefined;
  readonly manager: "dpkg" | "rpm" | "apk";
}

/**
 * Builds the query for the system's package manager: the first one that has a database, because
 * dpkg and rpm can both be installed as programs. The first line of the output names the manager.
 */
export function askForPackage(name: string): string {
  const word = quoteWord(name);
  return [
    `if [ -s /var/lib/dpkg/status ]; then echo dpkg; dpkg-query -W -f '\${db:Status-Status} \${Version} \${Architecture}\\n' -- ${word} 2>/dev/null`,
    `elif [ -s /lib/apk/db/installed ] || [ -s /usr/lib/apk/db/installed ]; then echo apk; apk info -e -v -- ${word}`,
    `elif command -v rpm >/dev/null; then echo rpm; rpm -q --qf '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\\n' -- ${word}`,
    `else echo 'none of dpkg, apk and rpm is there' >&2; exit 2; fi`,
  ].join("; ");
}

/**
 * Parses the output of the query.
 *
 * @param text the manager's name on a line, and its output: format of the query in
 *   {@link askForPackage}
 */
export function parsePackage(name: string, text: string): InstalledPackage | undefined {
  const [manager, ...lines] = text.split("\n");
  for (const line of lines.toReversed()) {
    const [first = "", second, third] = line.trim().split(" ");
    if (manager === "dpkg" && first === "installed" && second !== undefined)
      return { name, version: second, arch: third, manager };
    // "package x is not installed" has more words.
    if (manager === "rpm" && second !== undefined && third === undefined)
      return { name, version: first, arch: second, manager };
    if (manager === "apk" && first.startsWith(`${name}-`))
      return { name, version: first.slice(name.length + 1), arch: undefined, manager };
  }
  return undefined;
}
