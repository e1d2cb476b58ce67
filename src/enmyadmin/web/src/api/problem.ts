/** A refused or failed request, as the server describes it (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly field: string | null = null,
    readonly instance: string | null = null,
  ) {
    super(detail);
    this.name = "Problem";
  }

  /** The server could not be reached. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

export async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = await answer.json();
    return new Problem(answer.status, body.title, body.detail, body.field ?? null, body.instance ?? null);
  } catch {
    return new Problem(answer.status, answer.statusText, `The server answered ${answer.status} ${answer.statusText}.`);
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, "Error", error instanceof Error ? error.message : String(error));
}
