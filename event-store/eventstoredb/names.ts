import { categoryOf } from '../../domain/event.js'
import { LogUnusable } from '../errors.js'
import { isNamespace, namespaceForm } from '../namespace.js'

/** The stream that says whose log this is; see claim.ts. */
export const claimStream = 'tidemark-log'

/** Which streams a subscription is to send, as the server takes it. */
export type NameFilter = { readonly prefixes: string[] } | { readonly regex: string }

/**
 * Streams as they are called here and in the server: `<namespace>.<stream>` where a namespace is given, so that
 * several logs have room in one server, else the plain name.
 */
export class StreamNames {
  readonly namespace: string | undefined
  readonly #prefix: string

  /** @throws {LogUnusable} no namespace can be called so */
  constructor(namespace: string | undefined) {
    if (namespace !== undefined && !isNamespace(namespace)) {
      throw new LogUnusable(`${JSON.stringify(namespace)} is no namespace: it takes ${namespaceForm}`)
    }
    this.namespace = namespace
    this.#prefix = namespace === undefined ? '' : `${namespace}.`
  }

  inServer(stream: string): string {
    return this.#prefix + stream
  }

  /** Undefined: a stream of the server itself, or outside of the namespace. */
  fromServer(name: string): string | undefined {
    if (name.startsWith('$') || !name.startsWith(this.#prefix)) return undefined
    return name.slice(this.#prefix.length)
  }

  /** Lets everything pass that is ours, and little else: whoever gets it looks at each event all the same. */
  filter(categories: readonly string[] | undefined): NameFilter {
    if (categories && categories.length > 0)
      return { prefixes: categories.map((category) => this.#prefix + category) }
    return this.#prefix === '' ? { regex: '^[^$]' } : { prefixes: [this.#prefix] }
  }
}

/** Whether a stream is of one of some categories; of any if none are named. */
export function isOfCategory(stream: string, categories: ReadonlySet<string> | undefined): boolean {
  return !categories || categories.has(categoryOf(stream))
}
