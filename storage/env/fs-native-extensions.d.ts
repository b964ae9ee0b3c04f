// The part of fs-native-extensions that is used here; the package has no types of its own.

declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on the open file description (Linux: OFD); false when it is taken. */
  export function tryLock(fd: number): boolean;
}
