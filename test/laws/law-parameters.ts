import type { Parameters } from 'fast-check'

type LawParameters = Pick<Parameters, 'endOnFailure' | 'seed' | 'path'> & { readonly numRuns: number }

/**
 * How a law is tested. `LAWS_SEED=… LAWS_PATH=…` repeats a failure, which names them; `LAWS_SHRINK=1` makes it small,
 * `LAWS_RUNS=…` looks further.
 *
 * @param numRuns how many random cases a run looks at
 */
export function lawParameters(numRuns: number): LawParameters {
  const { LAWS_SEED, LAWS_PATH, LAWS_SHRINK, LAWS_RUNS } = process.env
  return {
    numRuns: Number(LAWS_RUNS ?? numRuns),
    endOnFailure: LAWS_SHRINK === undefined,
    ...(LAWS_SEED && { seed: Number(LAWS_SEED) }),
    ...(LAWS_PATH && { path: LAWS_PATH }),
  }
}
