/**
 * Shell, at the beginning of a whole script: replaces zsh with `sh`. zsh forgets the exit code of a
 * child that ended while a trap ran, and its `wait` returns 127. It also splits no words and
 * reports a pattern without a match. A backslash prevents the expansion of an alias.
 */
export const NOT_IN_ZSH = '\\[ -z "${ZSH_VERSION-}" ] || \\exec sh -c "$ZSH_EXECUTION_STRING"';
