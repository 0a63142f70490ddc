import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import type { TLocalizedValidationError } from 'typebox/error'
import { shown } from '../domain/fault.js'
import { Problem, type RequestFault } from './problem.js'

/**
 * Checks path, query and headers by their schemas. Numbers come as text there, and are read. Bodies are checked by the
 * rules of their records, which also know what a field has to mean.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart === 'body') return () => true
  const validator = Compile(schema)
  return (value: unknown) => {
    if (validator.Check(value)) return { value }
    const parameters = withNumbers(schema, value)
    if (validator.Check(parameters)) return { value: parameters }
    const [, errors] = validator.Errors(parameters)
    return { error: faultyParameters(schema, parameters, errors) }
  }
}

type Parameters = Readonly<Record<string, unknown>>

interface ParametersSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string; readonly description?: string }>>
}

/** Text that is digits becomes a number where the schema has an integer. */
function withNumbers(schema: ParametersSchema, parameters: Parameters): Parameters {
  const read: Record<string, unknown> = { ...parameters }
  for (const [name, { type }] of Object.entries(schema.properties ?? {})) {
    const text = parameters[name]
    if (type === 'integer' && typeof text === 'string' && /^-?[0-9]+$/.test(text)) read[name] = Number(text)
  }
  return read
}

function faultyParameters(
  schema: ParametersSchema,
  parameters: Parameters,
  errors: readonly TLocalizedValidationError[],
): Problem {
  const faults = new Map<string, RequestFault>()
  for (const { instancePath, keyword, params } of errors) {
    const missing = keyword === 'required' ? params.requiredProperties[0] : undefined
    const name = missing ?? instancePath.split('/')[1] ?? ''
    if (!faults.has(name)) faults.set(name, faultOf(name, schema, parameters[name]))
  }
  const details = [...faults.values()].map(({ detail }) => detail)
  return new Problem('invalid-parameter', details.join('; '), { errors: [...faults.values()] })
}

/** The schema's description says what would be right. */
function faultOf(name: string, { properties }: ParametersSchema, value: unknown): RequestFault {
  const rule = properties?.[name]?.description ?? 'see /docs'
  const found = value === undefined ? 'is missing' : `is ${shown(value)}`
  return { path: `/${name}`, code: 'invalid-parameter', detail: `${name} ${found}: ${rule}` }
}
