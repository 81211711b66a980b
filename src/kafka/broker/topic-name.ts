const MAX_LENGTH = 249;

/** Letters, digits, `.`, `_` and `-`; it becomes the name of a folder. */
export function isValidTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]+$/.test(name) && name.length <= MAX_LENGTH && name !== '.' && name !== '..';
}
