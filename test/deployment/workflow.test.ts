import t from 'tap'
import { parse } from 'yaml'
import { textOf } from './deployed-files.js'

void t.test('the workflow asks for little, and pins what it uses', async (t) => {
  const workflow = parse(textOf('.github/workflows/ci.yml')) as {
    readonly permissions: object
    readonly jobs: Readonly<
      Record<
        string,
        {
          readonly strategy?: { readonly matrix: object }
          readonly steps: readonly { readonly uses?: string; readonly run?: string }[]
        }
      >
    >
  }
  t.same(workflow.permissions, { contents: 'read' })
  t.same(workflow.jobs.test?.strategy?.matrix, { node: [20, 22, 24] })
  const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps)
  for (const { uses } of steps) if (uses !== undefined) t.match(uses, /^actions\/[\w-]+@v\d+$/)
  const runs = workflow.jobs.test?.steps.flatMap(({ run }) => run ?? [])
  const bench = 'npm run bench -- --quick --rounds 1 --only append-single,http-get'
  t.same(runs, ['npm ci', 'npm run check', 'npm test', bench])
})
