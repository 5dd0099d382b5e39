/**
 * Returns a kernel for machines that must run and never boot: QEMU accepts its header, and its two
 * instructions (`cli`, `hlt`) stop the processor. On other processors any file is a kernel.
 */
export function idleKernel(): Buffer {
  const kernel = Buffer.alloc(64 * 1024);
  // https://docs.kernel.org/arch/x86/boot.html#the-real-mode-kernel-header
  const [setupSectors, entry, magic, version, initrdLimit] = [0x1f1, 0x200, 0x202, 0x206, 0x22c];
  kernel.writeUInt8(4, setupSectors);
  kernel.writeUInt16BE(0xfaf4, entry);
  kernel.write("HdrS", magic);
  kernel.writeUInt16LE(0x020c, version);
  kernel.writeUInt32LE(0x37ffffff, initrdLimit);
  return kernel;
}
