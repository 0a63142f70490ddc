import { Compile } from 'typebox/schema'
import type { Test } from 'tap'
import type { Answer } from './service.js'

/** What the tests use of the service's OpenAPI document. */
export interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

export interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly responses: Readonly<Record<string, Response>>
}

interface Response {
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>
}

interface Validator {
  Check(value: unknown): boolean
  Errors(value: unknown): unknown
}

/** The OpenAPI document of a service, to check by it what the service answers. */
export class Description {
  readonly document: OpenApi
  readonly #routes: { readonly pattern: RegExp; readonly path: string }[]
  readonly #validators = new Map<object, Validator>()

  constructor(document: OpenApi) {
    this.document = document
    this.#routes = Object.keys(document.paths)
      // What is written out goes before what is in braces.
      .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
      .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))
  }

  static async of(url: string): Promise<Description> {
    const response = await fetch(`${url}/openapi.json`)
    return new Description((await response.json()) as OpenApi)
  }

  /** Checks status, type and body of an answer; every error must be a problem document. */
  check(t: Test, method: string, url: string, answer: Answer): void {
    const { status, headers, body, text } = answer
    const request = `${method} ${url} ${status}`
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
    if (status >= 400) this.#checkProblem(t, request, method, type, answer)
    const operation = this.#operation(method, url)
    if (!operation || status === 405) return
    const response = operation.responses[status]
    if (!response) return void t.fail(`${request} is not described: ${text}`)
    if (method === 'HEAD' || text === '') return
    const schema = response.content?.[type]?.schema
    if (!schema) return void t.fail(`${request} as ${type} is not described`)
    if (!type.includes('json')) return
    const validator = this.#validator(schema)
    if (!validator.Check(body))
      t.fail(`${request} is not as described: ${text}`, { errors: validator.Errors(body) })
  }

  #checkProblem(
    t: Test,
    request: string,
    method: string,
    type: string,
    { body, status, text }: Answer,
  ): void {
    if (type !== 'application/problem+json') t.fail(`${request} is no problem document but ${type}: ${text}`)
    if (/at .*\.js:\d+/.test(text)) t.fail(`${request} shows a stack: ${text}`)
    if (method === 'HEAD') return
    const fits = body.type === `/docs#${String(body.code)}` && body.status === status && body.detail !== ''
    if (!fits || !this.#validator(this.#problem).Check(body)) t.fail(`${request} is no good problem: ${text}`)
  }

  get #problem(): object {
    return this.document.components.schemas.Problem ?? {}
  }

  #operation(method: string, url: string): Operation | undefined {
    const pathname = url.split('?')[0] ?? ''
    const route = this.#routes.find(({ pattern }) => pattern.test(pathname))
    const methods = route && this.document.paths[route.path]
    return methods?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  }

  #validator(schema: object): Validator {
    let known = this.#validators.get(schema)
    if (!known) {
      known = Compile(this.dereferenced(schema) as object)
      this.#validators.set(schema, known)
    }
    return known
  }

  /** The same with every reference replaced by what it refers to. */
  dereferenced(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.dereferenced(item))
    if (typeof value !== 'object' || value === null) return value
    if ('$ref' in value) {
      const name = String(value.$ref).replace('#/components/schemas/', '')
      const schema = this.document.components.schemas[name]
      if (!schema) throw new Error(`there is no schema ${String(value.$ref)}`)
      return this.dereferenced(schema)
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.dereferenced(item)]))
  }
}
