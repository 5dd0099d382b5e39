import { dirname } from "node:path";
import { checkOptions } from "../../../errors/check-options.ts";
import { describeThrown } from "../../../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { quote, quotePath } from "../../../ssh/quote.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { attempt, type Task } from "../attempt.ts";
import { fail } from "../staging.ts";
import { checkLocalSpace } from "./free-space.ts";
import { MAX_INLINE } from "./local-file.ts";
import { type LocalStaging, moveInto, stageLocally } from "./local-folder.ts";
import { receive, receiveArchive } from "./receive.ts";
import { hasTar } from "./local-tar.ts";
import { listing, type RemoteEntry, toRemoteTree } from "./remote-tree.ts";
import { type LeftOut, sorted, toPath, type TransferResult, VANISHED } from "./result.ts";
import { toSelection } from "./selection.ts";
import { streamCommand } from "./stream-command.ts";
import { TRANSFER_OPTIONS, type TransferOptions } from "./transfer-options.ts";
import { MIN_HOLES } from "./upload-as-archive.ts";

/**
 * Copies a file or folder of the machine to a path on this computer. The machine reads the file as
 * the user of the context.
 */
export async function download(
  context: ExecutionContext,
  remote: string,
  local: string,
  options: TransferOptions,
): Promise<TransferResult> {
  checkOptions(`${context.name}.download()`, options, TRANSFER_OPTIONS);
  const task: Task = { doing: "download", path: remote };
  try {
    await using staging = await stageLocally(local);
    const { value: first, notes } = await streamCommand(context, {
      task,
      line: sending(remote, !staging.targetIsSpecial && (await hasTar())),
      signal: options.signal,
      read: (output, stopped) => receive(output, staging, options, stopped),
    });
    if (first.kind === "folder")
      return await downloadFolder(context, task, staging, first.listing, options);
    if (first.path !== staging.target) await moveInto(first.path, staging.target);
    const changed = notes.changed.length > 0 ? [remote] : [];
    return { files: 1, bytes: first.bytes, leftOut: [], changed };
  } catch (error) {
    throw isVmrigError(error) ? error : unwritable(local, error);
  }
}

async function downloadFolder(
  context: ExecutionContext,
  task: Task,
  staging: LocalStaging,
  records: Buffer,
  options: TransferOptions,
): Promise<TransferResult> {
  const { entries, leftOut } = toRemoteTree(records, await toSelection(options));
  const sum = (sizes: readonly number[]): number => sizes.reduce((one, other) => one + other, 0);
  const bytesOf = (list: typeof entries): number =>
    sum(list.map(({ type, bytes }) => (type === "file" ? bytes : 0)));
  await checkLocalSpace(
    dirname(staging.temp),
    staging.target,
    sum(entries.map(({ storedBytes }) => storedBytes)),
  );
  const { value: unpacked, notes } = await streamCommand(context, {
    task,
    line: packing(task.path, await areHoles(context, task, entries, options)),
    input: Buffer.concat([Buffer.from("./\0"), namesOf(entries)]),
    signal: options.signal,
    read: (output) => receiveArchive(output, staging, bytesOf(entries), options),
  });
  await moveInto(unpacked.path, staging.target);
  const missing = new Set(notes.missing.map(toPath));
  const copied = entries.filter(({ path, type }) => type !== "folder" && !missing.has(path));
  const left: LeftOut[] = [
    ...leftOut,
    ...Array.from(missing, (path) => ({ path, why: VANISHED })),
    ...unpacked.leftOut,
  ];
  return {
    files: copied.length,
    bytes: bytesOf(copied),
    leftOut: sorted(left),
    changed: notes.changed.map(toPath),
  };
}

/**
 * Returns whether all files without blocks are holes. Files of sysfs, and of some FUSE file
 * systems, contain data. `tar --sparse` would read none of it.
 */
async function areHoles(
  context: ExecutionContext,
  task: Task,
  entries: readonly RemoteEntry[],
  { signal }: TransferOptions,
): Promise<boolean> {
  const hollow = entries.filter(({ isHollow }) => isHollow);
  if (hollow.length === 0) return true;
  const check = `for each in "$@"; do ${isHole('"$each"')} || { echo data; exit 255; }; done`;
  const line = `CDPATH= cd -- ${quotePath(task.path)} && { xargs -0 sh -c ${quote(check)} sh 2>/dev/null || :; }`;
  const { stdout } = await attempt(context, task, line, { input: namesOf(hollow), signal });
  return stdout.length === 0;
}

/** Shell: does what `isHole` does on this computer. */
function isHole(file: string): string {
  const size = `$(stat -L -c %s -- ${file})`;
  const exact = `case $(stat -f -c %T -- ${file}) in ext*|tmpfs|xfs|btrfs) [ "${size}" -gt ${MAX_INLINE} ];; *) false;; esac`;
  return `{ ${exact} || cmp -s -n "${size}" -- ${file} /dev/zero; }`;
}

function namesOf(entries: readonly RemoteEntry[]): Buffer {
  return Buffer.concat(entries.flatMap(({ name }) => [Buffer.from("./"), name, Buffer.from([0])]));
}

/**
 * Shell: prints one line that describes the data, then the data: the content of a file, an archive
 * of a file with holes, or the list of a folder.
 */
function sending(path: string, sparse: boolean): string {
  const target = quotePath(path);
  const facts = `stat -L --printf='%a %.9Y %s %b' -- ${target}`;
  return [
    `facts=$(${facts}) || exit 1`,
    `if [ -d ${target} ]; then echo folder; ${listing(path)}; exit; fi`,
    `[ -f ${target} ] || ${fail("it is neither a file nor a folder")}`,
    ...(sparse
      ? [
          `set -- $facts; [ $(($3 - $4 * 512)) -lt ${MIN_HOLES} ] || ! tar --version 2>/dev/null | grep -qF 'GNU tar' || { [ "$4" -eq 0 ] && ! ${isHole(target)}; } || { ${packingFile(target)}; }`,
        ]
      : []),
    `echo "file $facts"; cat -- ${target} || exit 1`,
    // Files of the kernel have no size, and always the present time.
    `case $facts in *" 0 0") ;; *) [ "$(${facts})" = "$facts" ] || echo "tar: it: file changed as we read it" >&2;; esac`,
  ].join("; ");
}

/** Shell: prints an archive of one file, which is named `file` in it. */
function packingFile(target: string): string {
  return [
    `real=$(readlink -fn -- ${target} && echo /) || exit 1; real=\${real%/}`,
    `echo "sparse $facts"`,
    `exec tar -c --sparse ${FORMAT} -f - -C "\${real%/*}/" --transform='s,.*,./file,' "./\${real##*/}"`,
  ].join("; ");
}

const FORMAT =
  "--xattrs --xattrs-include='*' --xattrs-exclude=security.selinux --format=posix --pax-option=delete=atime,delete=ctime";

/** Shell: prints an archive of the files and folders whose names it reads. */
function packing(path: string, sparse: boolean): string {
  return `tar -c ${sparse ? "--sparse " : ""}${FORMAT} -f - -C ${quotePath(path)}/ --no-recursion --null -T -`;
}

function unwritable(path: string, error: unknown): VmrigError {
  return new VmrigError("FILE_FAILED", {
    message: `Cannot write ${path} on this computer: ${describeThrown(error)}.`,
    cause: error,
  });
}
