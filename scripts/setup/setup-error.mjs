/**
 * A problem that setup cannot fix by itself: the message, then the facts and the remedy, one per
 * line.
 */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {readonly string[]} [details]
   * @param {number} [exitCode]
   */
  constructor(message, details = [], exitCode = 1) {
    super(message);
    this.name = "SetupError";
    this.details = details;
    this.exitCode = exitCode;
  }
}
