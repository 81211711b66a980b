/**
 * Feeds a state machine one input after the other: all that comes out of one is carried out before the next, and what that leads to waits
 * its turn.
 */
export class InputLoop<Input, Output> {
  private readonly decide: (input: Input, out: Output[]) => void;
  private readonly carryOut: (output: Output) => void;
  private readonly atRest: () => Input | null;
  private readonly inputs: Input[] = [];
  private readonly outputs: Output[] = [];
  private isStepping = false;

  /** `atRest` is asked when no input is left, and may have one more. */
  constructor(
    decide: (input: Input, out: Output[]) => void,
    carryOut: (output: Output) => void,
    atRest: () => Input | null = () => null,
  ) {
    this.decide = decide;
    this.carryOut = carryOut;
    this.atRest = atRest;
  }

  step(input: Input): void {
    if (this.isStepping) {
      this.inputs.push(input);
      return;
    }
    this.isStepping = true;
    try {
      for (let next: Input | null = input; next !== null; next = this.inputs.shift() ?? this.atRest())
        this.stepOnce(next);
    } finally {
      this.isStepping = false;
      clear(this.inputs);
    }
  }

  private stepOnce(input: Input): void {
    const { outputs } = this;
    try {
      this.decide(input, outputs);
      for (const output of outputs) this.carryOut(output);
    } finally {
      clear(outputs);
    }
  }
}

/** Setting its length would be a call out of compiled code. */
function clear(items: unknown[]): void {
  while (items.length > 0) items.pop();
}
