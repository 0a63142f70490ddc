import { faultCodes } from '../domain/fault.js'
import { problems } from './problem.js'

/** What the page needs of an OpenAPI document. */
export interface OpenApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths: Paths
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> }
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
  readonly description?: string
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly const?: unknown
}

/** The reference of the API as one HTML page: no scripts, and nothing from the network. */
export function referencePage({ info, paths, components }: OpenApiDocument): string {
  const written = dereferenced(paths, components?.schemas ?? {}) as Paths
  const operations = Object.entries(written).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))]
  const sections = tags.map((tag) => {
    const ofTag = operations.filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
    return `<h2>${escaped(tag)}</h2>\n${ofTag.map(shownOperation).join('\n')}`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} API</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(info.title)} API <small>${escaped(info.version)}</small></h1>
<p>${prose(info.description ?? '')} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
${sections.join('\n')}
<h2>Problems</h2>
<p>The <code>code</code> of a problem document, and of the faults and dead letters in it.</p>
<table>${Object.entries(problems).map(shownProblem).join('')}</table>
<h2>Faults of records</h2>
<table>${Object.entries(faultCodes).map(shownFault).join('')}</table>
</main>
</body>
</html>
`
}

/** The same with every reference to a component replaced by it. */
function dereferenced(value: unknown, schemas: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((item) => dereferenced(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  if ('$ref' in value) return dereferenced(schemas[String(value.$ref).split('/').at(-1) ?? ''], schemas)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dereferenced(item, schemas)]))
}

function shownOperation({
  method,
  path,
  operation,
}: {
  method: string
  path: string
  operation: Operation
}): string {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const responses = Object.entries(operation.responses).map(([status, { description, content }]) => {
    // Problems all look alike.
    const schema = status.startsWith('2') ? Object.values(content ?? {})[0]?.schema : undefined
    return `<dt>${escaped(status)}</dt><dd>${prose(description)}${schema ? shownSchema(schema) : ''}</dd>`
  })
  return `<details id="${escaped(`${method}-${path}`)}">
<summary><b class="${method.toLowerCase()}">${method}</b> <code>${escaped(path)}</code> ${prose(operation.summary ?? '')}</summary>
${shownParameters(operation.parameters ?? [])}${body ? `<h3>Body</h3>${shownSchema(body)}` : ''}
<h3>Answers</h3><dl>${responses.join('')}</dl>
</details>`
}

function shownParameters(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(({ name, in: place, required, schema, description }) => {
    const where = `${place}${required ? '' : ', optional'}`
    return `<tr><td><code>${escaped(name)}</code></td><td>${escaped(where)}</td><td>${prose(description ?? schema.description ?? '')}</td></tr>`
  })
  return `<h3>Parameters</h3><table>${rows.join('')}</table>`
}

/** The fields of an object, one below the other; what is nested is indented. */
function shownSchema(schema: Schema): string {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = schema.required?.includes(name) ? '' : ', optional'
    const inner = field.properties || field.items?.properties ? shownSchema(field) : ''
    const type = escaped(typeOf(field) + optional)
    return `<li><code>${escaped(name)}</code> <i>${type}</i> ${prose(field.description ?? '')}${inner}</li>`
  })
  if (fields.length > 0) return `<ul>${fields.join('')}</ul>`
  if (schema.items) return `<p>An array of:</p>${shownSchema(schema.items)}`
  const alternatives = (schema.anyOf ?? []).filter((one) => one.properties ?? one.items)
  return alternatives.map(shownSchema).join('<p>or</p>')
}

function typeOf({ type, items, anyOf, const: literal }: Schema): string {
  if (literal !== undefined) return JSON.stringify(literal)
  if (anyOf) return anyOf.map(typeOf).join(' or ')
  return items ? `array of ${typeOf(items)}` : [type ?? 'anything'].flat().join(' or ')
}

function shownProblem([code, { status, title }]: [string, { status: number; title: string }]): string {
  return `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${escaped(title)}</td></tr>`
}

function shownFault([code, rule]: [string, string]): string {
  return `<tr id="${code}"><td><code>${code}</code></td><td>${escaped(rule)}</td></tr>`
}

/** Text with `code` in it. */
function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
small { font-weight: normal; opacity: .6 }
details { border: 1px solid #8884; border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem }
summary { cursor: pointer }
b { display: inline-block; min-width: 3.2rem } .get { color: #0a7 } .post { color: #c60 }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #8884; padding: .2rem .6rem .2rem 0; vertical-align: top }
@media (max-width: 40rem) { main { overflow-wrap: anywhere } }
tr:target { background: #fc03 }
code { font-size: .9em } i { opacity: .6 } ul { margin: .2rem 0 }
dt { float: left; clear: left; width: 3.2rem; font-weight: bold } dd { margin-left: 3.2rem }
h3 { font-size: 1rem; margin: .8rem 0 .2rem }
`
