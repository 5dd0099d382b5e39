/**
 * Frees a buffer that is not used any more. Its memory lies outside of the heap: V8 repeats full
 * collections to find what is free there, which takes half of the time of a large upload. A buffer
 * that shares its memory is left intact.
 */
export function releaseBuffer(piece: Uint8Array): void {
  if (piece.byteLength === piece.buffer.byteLength) (piece.buffer as ArrayBuffer).transfer(0);
}
