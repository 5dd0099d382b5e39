/**
 * Entry point of a separate process: `node forward.js SOCKET` connects its standard input and
 * output to the metadata service. QEMU starts one for each connection of a guest.
 */
import { connect } from "node:net";

const socket = connect(process.argv[2] ?? "");
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("error", () => {
  process.exitCode = 1;
  process.stdin.destroy();
});
process.stdout.on("error", () => socket.destroy());
