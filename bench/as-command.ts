import { readFileSync } from 'node:fs'

/** What `tidemark` starts Node with, as the first line of its program says. */
const [, variables = '', flags = ''] =
  /^#!\S+ -S (.*) node (.*)$/m.exec(readFileSync(new URL('../cli/main.js', import.meta.url), 'utf8')) ?? []

export const execArgv: readonly string[] = flags.split(' ')
export const env: NodeJS.ProcessEnv = { ...process.env }
for (const variable of variables.split(' ')) {
  const [name = '', value] = variable.split('=')
  env[name] = value
}
