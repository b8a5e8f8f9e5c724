// What a check throws when the server is wrong.

/** The server does not do what the check expects. The message is one line: expected and got. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
  /** What the kernel said of the server at that time. */
  readonly kernel: string | undefined;
  /** Whether only a time was exceeded, which may be the fault of a busy machine. */
  readonly deadline: boolean;

  constructor(message: string, { kernel, deadline = false }: { kernel?: string; deadline?: boolean } = {}) {
    super(message);
    this.kernel = kernel;
    this.deadline = deadline;
  }
}
