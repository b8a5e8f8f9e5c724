// Numbers for people.

/** `1 byte`, `2 bytes`, `30,000 bytes`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** `30,000`. */
export function grouped(n: number): string {
  return n.toLocaleString('en');
}
