// Lines within a block of bytes.

export const NEWLINE = 0x0a;

/** Calls `visit` for each line, `[start, end)` without its newline; returns how many there were. */
export function eachLine(block: Buffer, visit: (start: number, end: number) => void): number {
  let lines = 0;
  for (let start = 0; start < block.length; lines++) {
    const newline = block.indexOf(NEWLINE, start);
    const end = newline < 0 ? block.length : newline;
    visit(start, end);
    start = end + 1;
  }
  return lines;
}
