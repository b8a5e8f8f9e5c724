// Numbers for people.

/** `1 byte`, `2 bytes`, `30,000 bytes`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${thousands(n)} ${n === 1 ? one : many}`;
}

/** `30,000`. */
export function thousands(n: number): string {
  return n.toLocaleString('en');
}
