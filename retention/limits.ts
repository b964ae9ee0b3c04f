// Maxima of this room.

/** Policies in force. Each new series is held against them in order until one takes it. */
export const POLICIES_MAX = 1000;

/** Tiers of one policy: each is written beside its points and read in their place. */
export const ROLLUPS_MAX = 8;

/** UTF-16 code units of a policy's name: it is a metric's label and a table's cell. */
export const NAME_CHARS_MAX = 128;

/** Label values a policy's regular expression remembers its answer for; then it starts afresh. */
export const REGEX_ANSWERS_MAX = 4096;
