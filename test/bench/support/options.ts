/** The number behind `--name` on the command line; ends the process when it is not above zero. */
export function numberOption(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return fallback;
  const value = Number(process.argv[at + 1]);
  if (value > 0) return value;
  console.error(`--${name} needs a number above zero`);
  process.exit(2);
}
