/**
 * Shell: makes zsh interpret vmrig's own lines as a POSIX shell does. There, the value of an
 * unquoted variable is split into words, and a pattern without a match stands for itself.
 */
export const AS_POSIX = '[ -z "${ZSH_VERSION-}" ] || emulate sh; ';

/**
 * Shell, at the beginning of a whole script: zsh forgets the exit code of a child that ended while
 * a trap ran, and its `wait` returns 127.
 */
export const NOT_IN_ZSH = '[ -z "${ZSH_VERSION-}" ] || exec sh -c "$ZSH_EXECUTION_STRING"';
