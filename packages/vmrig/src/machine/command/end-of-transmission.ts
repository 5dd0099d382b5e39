import { Transform } from "node:stream";

const END_OF_TRANSMISSION = "\u0004";

/**
 * Ends the input of a terminal by a character, because a terminal has no other end of input than
 * the character that its line discipline interprets so. In the middle of a line, the first such
 * character only delivers the pending text (POSIX.1-2017, XBD 11.1.9).
 */
export function endByCharacter(): Transform {
  let last = 0x0a;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      last = chunk.at(-1) ?? last;
      done(null, chunk);
    },
    flush(done) {
      done(null, last === 0x0a ? END_OF_TRANSMISSION : END_OF_TRANSMISSION.repeat(2));
    },
  });
}
