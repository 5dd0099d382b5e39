/**
 * Gives back memory that nobody reads any more. It lies outside of the heap: V8 collects all of it
 * again and again to find what is free there, half of the time of a large upload. Memory that
 * others share stays.
 */
export function releaseBuffer(piece: Uint8Array): void {
  if (piece.byteLength === piece.buffer.byteLength) (piece.buffer as ArrayBuffer).transfer(0);
}
