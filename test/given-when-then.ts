/** What one step does to an entity: the state it leaves, and what was raised on the way. */
export interface Outcome<State, Raised> {
  readonly state: State
  readonly raised: readonly Raised[]
}

/**
 * A decider's tests in three clauses: `given(…past).when(step)` answers what that one step did, and the whole past
 * goes through the decider itself, so no test starts from a state that could not have come about.
 */
export function deciding<State, Step, Raised>(
  initial: State,
  decide: (state: State, step: Step) => Outcome<State, Raised>,
) {
  return {
    given: (...past: readonly Step[]) => {
      const before = past.reduce((state, step) => decide(state, step).state, initial)
      return {
        when: (step: Step): Outcome<State, Raised> & { readonly before: State } => ({
          ...decide(before, step),
          before,
        }),
      }
    },
  }
}
