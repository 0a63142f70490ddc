import { explain } from '../projections/explaining/explain.js'
import type { Explainer } from '../projections/explaining/explainer.js'
import { explainers } from '../projections/explaining/explainers.js'
import type { Explanation } from '../projections/explaining/explanation.js'
import { readLive } from '../projections/queries/live.js'
import { withLog, WrongUsage, type Context } from './command.js'
import { table } from './output.js'
import type { System } from './compose.js'

const eventsAPage = 1_000

/** What can be explained: `billing-period <id> <month>`. */
export const explainable = Object.values(explainers)
  .map((explainer) => `${explainer.name} ${namesOf(explainer)}`)
  .join(', ')

/** `tidemark explain <kind> <name…>`: the events behind a figure, and how they add up. */
export async function explainFigure(kind: string, names: readonly string[], context: Context): Promise<void> {
  const explainer = Object.values(explainers).find(({ name }) => name === kind)
  if (!explainer)
    throw new WrongUsage(`there is nothing called ${JSON.stringify(kind)} to explain: take ${explainable}`)
  const subject = subjectOf(explainer, names)
  await withLog(context, async (system) => {
    const explanation = await wholeExplanation(explainer, subject, system)
    context.output.result(explanation, () => told(explanation))
  })
}

/** All pages, as one. */
async function wholeExplanation(
  explainer: Explainer,
  subject: Readonly<Record<string, string>>,
  { eventStore, readStore }: System,
): Promise<Explanation> {
  const { signal } = new AbortController()
  const position = await readLive(readStore, explainer.projection.name, (build) => build.checkpoint())
  const evidence = { eventStore, models: readStore, position, signal }
  const steps: Explanation['steps'][number][] = []
  const outcomes: Explanation['outcomes'][number][] = []
  let after: string | undefined
  for (;;) {
    const { next, ...page } = await explain(explainer, subject, evidence, { limit: eventsAPage, after })
    steps.push(...page.steps)
    outcomes.push(...page.outcomes)
    if (next === undefined) return { ...page, steps, outcomes }
    after = next
  }
}

/** @throws {WrongUsage} */
function subjectOf(explainer: Explainer, names: readonly string[]): Record<string, string> {
  const parameters = Object.entries(explainer.parameters)
  if (names.length !== parameters.length)
    throw new WrongUsage(`${explainer.name} is named by ${namesOf(explainer)}: see tidemark explain --help`)
  return Object.fromEntries(
    parameters.map(([name, { description, pattern, example }], at) => {
      const value = names[at] ?? ''
      if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
        throw new WrongUsage(
          `${name} is ${JSON.stringify(value)}: it takes ${description}, such as ${example}`,
        )
      return [name, value]
    }),
  )
}

function namesOf({ parameters }: Explainer): string {
  return Object.keys(parameters)
    .map((name) => `<${name}>`)
    .join(' ')
}

/** The explanation for people: what it is, then every event with what it adds. */
function told({ subject, figure, position, rule, grounds, steps, outcomes }: Explanation): string {
  const { type, ...names } = subject as Readonly<Record<string, string | number | null>>
  const value = typeof figure.value === 'object' ? JSON.stringify(figure.value) : String(figure.value)
  const unit = figure.unit === undefined ? '' : ` ${figure.unit}`
  const parts = [
    `${type}: ${figure.name} is ${value}${unit}, from ${figure.events} events up to position ${position}`,
    table([names]),
    rule,
    table(grounds.map((ground) => ({ ...ground }))),
    table(steps.map(({ rule: { code, since }, ...step }) => ({ ...step, rule: code, since }))),
    table(outcomes.map((outcome) => ({ ...outcome, figure: shown(outcome.figure) }))),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function shown(figure: Explanation['outcomes'][number]['figure']): string | number {
  return typeof figure === 'object' ? JSON.stringify(figure) : figure
}
